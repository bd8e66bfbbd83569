#include "qga_input.h"

#include <string.h>

static void begin(struct qga_input *in)
{
	in->used = 0;
	in->depth = 0;
	in->in_string = in->escape = in->too_long = in->whole = false;
}

/* Follows strings and brackets. True when C closes the object, or array, that the request began with. */
static bool closes(struct qga_input *in, char c)
{
	if (in->in_string) {
		in->in_string = in->escape || c != '"';
		in->escape = !in->escape && c == '\\';
		return false;
	}
	in->in_string = c == '"';
	if (c == '{' || c == '[')
		in->depth++;
	else if ((c == '}' || c == ']') && in->depth > 0)
		return --in->depth == 0;
	return false;
}

size_t qga_take(struct qga_input *in, const char *bytes, size_t length)
{
	static const char sentinel = '\xff';
	size_t i = 0;
	if (in->whole)
		begin(in);
	while (i < length && !in->whole) {
		char c = bytes[i++];
		if (c == sentinel || c == '\n') {
			/* Input that the sentinel cuts off is of a client that has gone; only excess is
			 * reported. */
			in->whole = in->too_long || (c == '\n' && in->used > 0);
			if (!in->whole)
				begin(in);
		} else if (in->used == 0 && (c == ' ' || c == '\t' || c == '\r')) {
			continue;
		} else if (in->too_long || in->used == sizeof(in->bytes)) {
			in->too_long = true;
		} else {
			in->bytes[in->used++] = c;
			in->whole = closes(in, c);
		}
	}
	return i;
}
