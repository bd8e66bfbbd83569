/* Requests of the QEMU guest agent protocol, cut out of what the host sends. */
#ifndef THIMBLE_QGA_INPUT_H
#define THIMBLE_QGA_INPUT_H

#include <stdbool.h>
#include <stddef.h>

enum { QGA_REQUEST_MAX = 4096 };

/* A request that comes in pieces. Zeroed to begin with. */
struct qga_input {
	size_t used;
	unsigned depth;         /* of brackets */
	bool in_string, escape; /* inside a string; behind its backslash */
	bool too_long;          /* what does not fit is skipped */
	bool whole;             /* there it is; the next bytes begin another one */
	char bytes[QGA_REQUEST_MAX];
};

/* Takes of LENGTH bytes as many as make IN whole: an object, or a line. Returns how many it took. 0xff begins
 * anew. */
size_t qga_take(struct qga_input *in, const char *bytes, size_t length);

#endif
