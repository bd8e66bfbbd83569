/* The answer to one request. */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include "common/text.h"

enum {
	/* The largest answer; the socket's buffer takes one whole (server.c), so that one array serves all
	 * clients. */
	ANSWER_BYTES_MAX = 160 * 1024,
};

struct answer {
	unsigned status;    /* 200, 404, ... */
	const char *type;   /* Content-Type */
	const char *policy; /* Content-Security-Policy, or NULL */
	struct text body;
	char data[ANSWER_BYTES_MAX];
};

void answer_begin(struct answer *a, unsigned status, const char *type);

#endif
