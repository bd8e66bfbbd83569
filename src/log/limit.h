/* How many lines one source may write: LIMIT_PER_SECOND in the long run, LIMIT_BURST at once. That covers a
 * child's lines at a start or a failure; a child that writes without end leaves the others' lines in the ring
 * for a while. */
#ifndef THIMBLE_LOG_LIMIT_H
#define THIMBLE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum { LIMIT_BURST = 500, LIMIT_PER_SECOND = 100 };

/* All zero to begin with. */
struct limit {
	int64_t full_at_ms;        /* from then on a whole burst is free again */
	uint64_t left_out, untold; /* in all; since that was last said */
};

/* Whether a line of NOW_MS is within the limit; counts it when it is not. */
bool limit_take(struct limit *l, int64_t now_ms);

#endif
