/* Where lines come from: a child's output, or the kernel's log. Bytes in, lines out. */
#ifndef THIMBLE_SOURCE_H
#define THIMBLE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log_lines.h"

/* Called for each whole line, without its newline. */
typedef void source_line(void *context, unsigned level, const char *text, size_t length);

/* An incomplete line: the parts that are removed, and one byte more than a line may have, so that the ring
 * sees it is cut. */
struct partial {
	char bytes[sizeof("<N>") - 1 + LOG_TEXT_MAX + 1 + sizeof("\r") - 1];
	size_t used;
};

/* Takes LENGTH bytes of a child's output. Lines may start with "<N>", their syslog severity; without it they
 * are informational (6). */
void partial_take(struct partial *p, const char *bytes, size_t length, source_line *emit, void *context);

/* Reads one record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg):
 * "PRIORITY,SEQUENCE,MICROSECONDS,...;TEXT". False when it is not of that form. *TEXT points into BYTES. */
bool kmsg_parse(const char *bytes, size_t length, unsigned *level, int64_t *time_ms, const char **text,
	size_t *text_length);

#endif
