/* The QEMU guest agent protocol (qga/qapi-schema.json of QEMU), bytes in, bytes out: requests cut out of what
 * the host sends, and their answers. */
#ifndef THIMBLE_QGA_H
#define THIMBLE_QGA_H

#include "facts.h"
#include "json.h"

enum { QGA_REQUEST_MAX = 4096, QGA_ANSWER_MAX = 32768, QGA_COMMAND_MAX = 40, QGA_ID_MAX = 128 };

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

struct qga {
	struct facts *facts; /* the caller's */
	struct json json;
	char command[QGA_COMMAND_MAX]; /* of the last request, "" when it had none; may hold anything */
	bool refused;                  /* the last answer is an error */
};

/* Answers a whole request: one line in ANSWER, of QGA_ANSWER_MAX bytes; nothing for a shutdown that goes
 * ahead. */
void qga_answer(struct qga *q, const struct qga_input *in, struct text *answer);

#endif
