/* The QEMU guest agent protocol (qga/qapi-schema.json of QEMU): requests and their answers. */
#ifndef THIMBLE_QGA_H
#define THIMBLE_QGA_H

#include "facts.h"
#include "json.h"
#include "qga_input.h"

enum { QGA_ANSWER_MAX = 32768, QGA_COMMAND_MAX = 40, QGA_ID_MAX = 128 };

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
