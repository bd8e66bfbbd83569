/* What a program's event loop shows to whoever started it, in a page that both map: a number that grows by
 * one each time the loop begins to work and each time it begins to wait. */
#ifndef THIMBLE_ALIVE_H
#define THIMBLE_ALIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* In the environment: the descriptor of the page. loop_init() takes both away. */
#define ALIVE_VARIABLE "THIMBLE_ALIVE"

struct alive_page {
	_Atomic uint32_t turns; /* 0: no loop yet; odd while it works, even while it waits for events */
};

/* Whether a loop with TURNS has something to do, so that TURNS must change soon. */
static inline bool alive_works(uint32_t turns)
{
	return turns == 0 || turns % 2 == 1;
}

#endif
