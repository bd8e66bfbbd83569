#include "ring.h"

#include <string.h>

#include "common/text.h"

enum { RING_BYTES = LOG_LINES_BYTES_MAX };

static size_t place_index(uint64_t bytes)
{
	return (size_t)(bytes % RING_BYTES);
}

static void copy_in(struct ring *r, const char *bytes, size_t length)
{
	size_t index = place_index(r->end.bytes);
	size_t head = length < RING_BYTES - index ? length : RING_BYTES - index;
	memcpy(r->bytes + index, bytes, head);
	memcpy(r->bytes, bytes + head, length - head);
	r->end.bytes += length;
	r->end.lines++;
}

/* The bytes of the line at AT, its newline included, into LINE; 0 at the end. */
static size_t copy_out(const struct ring *r, uint64_t at, char line[static LOG_LINE_BYTES_MAX])
{
	size_t length = 0;
	while (at + length < r->end.bytes && length < LOG_LINE_BYTES_MAX) {
		char c = r->bytes[place_index(at + length)];
		line[length++] = c;
		if (c == '\n')
			return length;
	}
	return 0;
}

static void drop_oldest_line(struct ring *r)
{
	char line[LOG_LINE_BYTES_MAX];
	r->first.bytes += copy_out(r, r->first.bytes, line);
	r->first.lines++;
}

/* As text_add_escaped, but with a mark where it was cut. */
static void add_text(struct text *t, const char *bytes, size_t length)
{
	static const char mark[] = "...";
	struct text escaped = {.data = t->data + t->used, .size = LOG_TEXT_MAX + 1};
	text_clear(&escaped);
	text_add_escaped(&escaped, bytes, length);
	if (escaped.overflow) {
		/* An escape is four bytes: none is cut in two. */
		size_t most = LOG_TEXT_MAX - (sizeof(mark) - 1), kept = 0;
		for (size_t i = 0; i < length; i++) {
			size_t size = bytes[i] < 0x20 || bytes[i] > 0x7e ? 4 : 1;
			if (kept + size > most)
				break;
			kept += size;
		}
		memcpy(escaped.data + kept, mark, sizeof(mark));
		escaped.used = kept + sizeof(mark) - 1;
	}
	t->used += escaped.used;
}

void ring_add(struct ring *r, int64_t time_ms, unsigned level, const char *name, const char *text,
	size_t text_bytes)
{
	char line[LOG_LINE_BYTES_MAX + 1];
	struct text t = TEXT(line);
	text_add(&t, "%lld %u %.*s ", (long long)(time_ms < 0 ? 0 : time_ms), level & 7, LOG_NAME_MAX, name);
	add_text(&t, text, text_bytes);
	line[t.used++] = '\n';
	while (r->end.bytes + t.used - r->first.bytes > RING_BYTES)
		drop_oldest_line(r);
	copy_in(r, line, t.used);
}

bool ring_next(const struct ring *r, struct ring_place *at, struct log_entry *e,
	char line[static LOG_LINE_BYTES_MAX])
{
	size_t length = copy_out(r, at->bytes, line), behind = 0;
	if (!log_lines_next(line, length, &behind, e))
		return false;
	at->bytes += length;
	at->lines++;
	return true;
}

void ring_pieces(const struct ring *r, struct iovec pieces[static 2])
{
	size_t used = (size_t)(r->end.bytes - r->first.bytes), index = place_index(r->first.bytes);
	size_t head = used < RING_BYTES - index ? used : RING_BYTES - index;
	pieces[0] = (struct iovec){.iov_base = (char *)r->bytes + index, .iov_len = head};
	pieces[1] = (struct iovec){.iov_base = (char *)r->bytes, .iov_len = used - head};
}
