/* dhcpcd's events on its socket, bytes in and events out (dhcpcd 10: src/control.c, src/script.c). */
#ifndef THIMBLE_NET_EVENT_H
#define THIMBLE_NET_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An event is the environment that a hook script would get: NUL-terminated "key=value" strings. All routers
 * of a NIC together may make one that is larger than this: its first strings are kept. dhcpcd puts the
 * preferred router first; among equals, the one that was there first. */
enum { EVENT_BYTES_MAX = 32768 };

/* Puts events together from the stream: a native size_t, then as many bytes. */
struct event_stream {
	uint8_t head[sizeof(size_t)];
	size_t head_used;
	size_t event_bytes; /* of the event whose bytes are coming */
	size_t used;        /* of them */
	char data[EVENT_BYTES_MAX];
};

struct event {
	const char *data;
	size_t bytes;
	bool cut; /* it was too large */
};

void event_stream_start(struct event_stream *s);

enum event_result { EVENT_MORE, EVENT_READY, EVENT_LOST };

/* Takes bytes from *BYTES, moving *BYTES and *LENGTH, until an event is whole (EVENT_READY: E points into
 * S until the next call), or none are left (EVENT_MORE). EVENT_LOST: this is no stream of dhcpcd's;
 * reconnect. */
enum event_result event_stream_push(
	struct event_stream *s, const uint8_t **bytes, size_t *length, struct event *e);

/* An answer to --getinterfaces begins with the number of events in it. The same form as a length, so it is
 * read before the first event: EVENT_READY with *COUNT, EVENT_MORE or EVENT_LOST (more than 4096). */
enum event_result event_stream_push_count(
	struct event_stream *s, const uint8_t **bytes, size_t *length, size_t *count);

/* The value of KEY, a string within E; or NULL. */
const char *event_get(const struct event *e, const char *key);

/* The same for a key made by printf: "nd%u_from". */
const char *event_getf(const struct event *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of KEY as a number up to UINT32_MAX; FALLBACK when there is none or it is not one. */
uint32_t event_number(const struct event *e, const char *key, uint32_t fallback);

/* Takes the next word of a value that is a list: *AT starts as the value (NULL: an empty list). */
bool event_next_word(const char **at, const char **word, size_t *length);

#endif
