/* The watchdog: reboots the guest when PID 1 no longer runs its loop. */
#ifndef THIMBLE_WATCHDOG_H
#define THIMBLE_WATCHDOG_H

#include "common/loop.h"

struct watchdog {
	int fd;
	char identity[33]; /* "none" without one */
	struct loop_timer timer;
};

/* Takes the machine's own watchdog, else the kernel's, and feeds it from LOOP. */
void watchdog_start(struct watchdog *w, struct loop *loop);

#endif
