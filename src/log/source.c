#include "source.h"

#include <string.h>

#include "common/log.h"
#include "common/text.h"

static void emit_line(const char *line, size_t length, source_line *emit, void *context)
{
	unsigned level = LOG_LEVEL_INFO;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (length >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
		level = (unsigned)(line[1] - '0');
		line += 3;
		length -= 3;
	}
	if (length > 0)
		emit(context, level, line, length);
}

void partial_take(struct partial *p, const char *bytes, size_t length, source_line *emit, void *context)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t piece = end == NULL ? length : (size_t)(end - bytes);
		size_t room = sizeof(p->bytes) - p->used;
		size_t taken = piece < room ? piece : room; /* the rest of an overlong line goes nowhere */
		memcpy(p->bytes + p->used, bytes, taken);
		p->used += taken;
		if (end != NULL) {
			emit_line(p->bytes, p->used, emit, context);
			p->used = 0;
			piece++;
		}
		bytes += piece;
		length -= piece;
	}
}

/* Takes a number that ends at END off the front of *AT. */
static bool take_number(const char **at, const char *limit, char end, uint64_t *value)
{
	const char *stop = memchr(*at, end, (size_t)(limit - *at));
	if (stop == NULL || !parse_number_n(*at, (size_t)(stop - *at), 0, INT64_MAX, value))
		return false;
	*at = stop + 1;
	return true;
}

bool kmsg_parse(const char *bytes, size_t length, unsigned *level, int64_t *time_ms, const char **text,
	size_t *text_length)
{
	uint64_t priority, sequence, microseconds;
	const char *at = bytes, *limit = bytes + length;
	if (!take_number(&at, limit, ',', &priority) || !take_number(&at, limit, ',', &sequence) ||
		!take_number(&at, limit, ',', &microseconds))
		return false;
	const char *semicolon = memchr(at, ';', (size_t)(limit - at));
	if (semicolon == NULL)
		return false;
	*text = semicolon + 1;
	const char *end = memchr(*text, '\n', (size_t)(limit - *text));
	*text_length = (size_t)((end == NULL ? limit : end) - *text);
	*level = (unsigned)(priority & 7);
	*time_ms = (int64_t)(microseconds / 1000);
	return true;
}
