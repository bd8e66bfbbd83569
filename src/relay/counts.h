/* What is counted, by reason. */
#ifndef RELAY_COUNTS_H
#define RELAY_COUNTS_H

#include <stdint.h>

enum count {
	/* Reset at once, or before a byte was passed on. */
	REFUSED_NOT_ALLOWED,
	REFUSED_FULL,
	REFUSED_CLIENT_FULL,
	REFUSED_NO_UPSTREAM,
	REFUSED_GUARD,
	REFUSED_FIRST_BYTE,
	REFUSED_MEMORY,
	/* Reset later. */
	CLOSED_IDLE,
	CLOSED_SESSION_TIME,
	COUNT_KINDS
};

enum { REFUSED_KINDS = CLOSED_IDLE };

struct counts {
	uint64_t of[COUNT_KINDS];
};

/* The key in the record, and what the log says. */
extern const struct count_words {
	const char *key, *words;
} count_words[COUNT_KINDS];

uint64_t counts_refused(const struct counts *c);

#endif
