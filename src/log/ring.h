/* The last lines, within a fixed number of bytes: the oldest make room for new ones. They stand in it as in
 * the file log/lines (common/log_lines.h). */
#ifndef THIMBLE_RING_H
#define THIMBLE_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/log_lines.h"

/* A place between two lines: how many lines and bytes were ever added before it. It stays good however many
 * are added or given up behind it. */
struct ring_place {
	uint64_t lines;
	uint64_t bytes;
};

struct ring {
	char bytes[LOG_LINES_BYTES_MAX];
	struct ring_place first; /* before the oldest line */
	struct ring_place end;   /* behind the newest */
};

/* Appends a line. NAME must be printable ASCII without spaces. TEXT may be any bytes: those outside printable
 * ASCII become \xNN, and what is longer than LOG_TEXT_MAX then is cut and ends in "...". */
void ring_add(struct ring *r, int64_t time_ms, unsigned level, const char *name, const char *text,
	size_t text_bytes);

/* Reads the line at *AT and moves *AT behind it; *AT must not be before r->first. E points into LINE. False
 * at the end. */
bool ring_next(const struct ring *r, struct ring_place *at, struct log_entry *e,
	char line[static LOG_LINE_BYTES_MAX]);

/* All the bytes from r->first to r->end. */
void ring_pieces(const struct ring *r, struct iovec pieces[static 2]);

#endif
