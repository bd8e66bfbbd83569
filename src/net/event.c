#include "event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

enum {
	KEY_BYTES_MAX = 64,
	EVENT_COUNT_MAX = 4096,
	/* Above what any router advertisement or lease can make: the framing is lost. */
	EVENT_BYTES_ABSURD = 16 << 20,
};

void event_stream_start(struct event_stream *s)
{
	s->head_used = 0;
	s->event_bytes = 0;
	s->used = 0;
}

static size_t take(const uint8_t **bytes, size_t *length, void *to, size_t want)
{
	size_t n = want < *length ? want : *length;
	if (to != NULL)
		memcpy(to, *bytes, n);
	*bytes += n;
	*length -= n;
	return n;
}

/* Whether the size_t is whole; then it is in *VALUE. */
static bool take_head(struct event_stream *s, const uint8_t **bytes, size_t *length, size_t *value)
{
	s->head_used += take(bytes, length, s->head + s->head_used, sizeof(s->head) - s->head_used);
	if (s->head_used < sizeof(s->head))
		return false;
	memcpy(value, s->head, sizeof(*value));
	return true;
}

enum event_result event_stream_push_count(
	struct event_stream *s, const uint8_t **bytes, size_t *length, size_t *count)
{
	size_t value;
	if (!take_head(s, bytes, length, &value))
		return EVENT_MORE;
	if (value > EVENT_COUNT_MAX)
		return EVENT_LOST;
	s->head_used = 0;
	*count = value;
	return EVENT_READY;
}

enum event_result event_stream_push(
	struct event_stream *s, const uint8_t **bytes, size_t *length, struct event *e)
{
	while (*length > 0) {
		if (s->head_used < sizeof(s->head)) {
			if (!take_head(s, bytes, length, &s->event_bytes))
				break;
			if (s->event_bytes == 0 || s->event_bytes > EVENT_BYTES_ABSURD)
				return EVENT_LOST;
			s->used = 0;
		}
		bool cut = s->event_bytes > sizeof(s->data);
		size_t kept = cut ? sizeof(s->data) : s->event_bytes;
		if (s->used < kept)
			s->used += take(bytes, length, s->data + s->used, kept - s->used);
		if (s->used >= kept)
			s->used += take(bytes, length, NULL, s->event_bytes - s->used);
		if (s->used < s->event_bytes)
			break;
		s->head_used = 0;
		while (cut && kept > 0 && s->data[kept - 1] != '\0')
			kept--;
		if (!cut && s->data[kept - 1] != '\0')
			return EVENT_LOST;
		*e = (struct event){.data = s->data, .bytes = kept, .cut = cut};
		return EVENT_READY;
	}
	return EVENT_MORE;
}

const char *event_get(const struct event *e, const char *key)
{
	size_t key_length = strlen(key);
	for (size_t at = 0; at < e->bytes;) {
		const char *line = e->data + at;
		if (strncmp(line, key, key_length) == 0 && line[key_length] == '=')
			return line + key_length + 1;
		at += strlen(line) + 1;
	}
	return NULL;
}

const char *event_getf(const struct event *e, const char *format, ...)
{
	char key[KEY_BYTES_MAX];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(key, sizeof(key), format, arguments);
	va_end(arguments);
	return length > 0 && (size_t)length < sizeof(key) ? event_get(e, key) : NULL;
}

uint32_t event_number(const struct event *e, const char *key, uint32_t fallback)
{
	uint64_t number;
	const char *value = event_get(e, key);
	return value != NULL && parse_number(value, 0, UINT32_MAX, &number) ? (uint32_t)number : fallback;
}

bool event_next_word(const char **at, const char **word, size_t *length)
{
	if (*at == NULL)
		return false;
	*word = *at + strspn(*at, " ");
	*length = strcspn(*word, " ");
	*at = *word + *length;
	return *length > 0;
}
