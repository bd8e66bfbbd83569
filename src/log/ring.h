/* The last lines, within a fixed number of bytes: the oldest make room for new ones. */
#ifndef THIMBLE_RING_H
#define THIMBLE_RING_H

#include <stddef.h>
#include <stdint.h>

enum {
	RING_BYTES = 65536,
	LINE_TEXT_MAX = 512, /* longer lines are cut and end in "..." */
	LINE_NAME_MAX = 31,
};

struct line {
	int64_t time_ms; /* CLOCK_MONOTONIC */
	uint8_t level;   /* syslog severity */
	uint8_t name_bytes;
	uint16_t text_bytes;
	/* then the name, then the text, neither with a NUL */
};

struct ring {
	char bytes[RING_BYTES];
	size_t first, used; /* lines stand one behind the other from `first`, around the end */
	size_t count;
	uint64_t total;
};

/* Appends a line. NAME and TEXT may hold any bytes; what is too long is cut. */
void ring_add(struct ring *r, int64_t time_ms, unsigned level, const char *name, size_t name_bytes,
	const char *text, size_t text_bytes);

/* Walks the lines, the oldest first: *AT starts at 0. NAME and TEXT get NUL-terminated copies. 0 at the end.
 */
int ring_next(const struct ring *r, size_t *at, struct line *line, char name[static LINE_NAME_MAX + 1],
	char text[static LINE_TEXT_MAX + 1]);

#endif
