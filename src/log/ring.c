#include "ring.h"

#include <string.h>

static void copy_in(struct ring *r, size_t at, const void *from, size_t length)
{
	const char *bytes = from;
	for (size_t i = 0; i < length; i++)
		r->bytes[(at + i) % RING_BYTES] = bytes[i];
}

static void copy_out(const struct ring *r, size_t at, void *to, size_t length)
{
	char *bytes = to;
	for (size_t i = 0; i < length; i++)
		bytes[i] = r->bytes[(at + i) % RING_BYTES];
}

static size_t line_bytes(const struct line *line)
{
	return sizeof(*line) + line->name_bytes + line->text_bytes;
}

static void drop_oldest(struct ring *r)
{
	struct line oldest;
	copy_out(r, r->first, &oldest, sizeof(oldest));
	r->first = (r->first + line_bytes(&oldest)) % RING_BYTES;
	r->used -= line_bytes(&oldest);
	r->count--;
}

void ring_add(struct ring *r, int64_t time_ms, unsigned level, const char *name, size_t name_bytes,
	const char *text, size_t text_bytes)
{
	char cut[LINE_TEXT_MAX];
	struct line line = {.time_ms = time_ms, .level = (uint8_t)level};
	if (text_bytes > LINE_TEXT_MAX) {
		memcpy(cut, text, LINE_TEXT_MAX - 3);
		memcpy(cut + LINE_TEXT_MAX - 3, "...", 3);
		text = cut;
		text_bytes = LINE_TEXT_MAX;
	}
	line.name_bytes = (uint8_t)(name_bytes > LINE_NAME_MAX ? LINE_NAME_MAX : name_bytes);
	line.text_bytes = (uint16_t)text_bytes;
	while (r->used + line_bytes(&line) > RING_BYTES)
		drop_oldest(r);
	size_t at = r->first + r->used;
	copy_in(r, at, &line, sizeof(line));
	copy_in(r, at + sizeof(line), name, line.name_bytes);
	copy_in(r, at + sizeof(line) + line.name_bytes, text, line.text_bytes);
	r->used += line_bytes(&line);
	r->count++;
	r->total++;
}

int ring_next(const struct ring *r, size_t *at, struct line *line, char name[static LINE_NAME_MAX + 1],
	char text[static LINE_TEXT_MAX + 1])
{
	if (*at >= r->used)
		return 0;
	size_t from = r->first + *at;
	copy_out(r, from, line, sizeof(*line));
	copy_out(r, from + sizeof(*line), name, line->name_bytes);
	copy_out(r, from + sizeof(*line) + line->name_bytes, text, line->text_bytes);
	name[line->name_bytes] = '\0';
	text[line->text_bytes] = '\0';
	*at += line_bytes(line);
	return 1;
}
