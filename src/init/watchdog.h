/* The watchdog: reboots the guest when PID 1 no longer runs its loop. */
#ifndef THIMBLE_WATCHDOG_H
#define THIMBLE_WATCHDOG_H

#include <stdint.h>

#include "common/loop.h"
#include "records/system.h"

struct watchdog {
	int fd;
	char identity[33]; /* "none" without one; "" before watchdog_start() */
	enum reset_reason reset_reason;
	int64_t feed_ms;
	struct loop_timer timer;
};

/* Takes the machine's own watchdog, else the kernel's, and feeds it from LOOP. Whichever of them tells why
 * the machine was reset, W->reset_reason has it then. */
void watchdog_start(struct watchdog *w, struct loop *loop);

#endif
