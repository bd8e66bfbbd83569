/* What is counted, by reason. */
#ifndef RELAY_COUNTS_H
#define RELAY_COUNTS_H

#include <stdint.h>

#include "records/relay.h"

struct counts {
	uint64_t of[REFUSAL_COUNT];
};

/* What the log says of each. */
extern const char *const refusal_words[REFUSAL_COUNT];

uint64_t counts_refused(const struct counts *c);

#endif
