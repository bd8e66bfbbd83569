/* Looks after an upstream that is down: connects to its addresses one after the other, and ends the
 * connection as soon as it is made. */
#ifndef RELAY_PROBE_H
#define RELAY_PROBE_H

#include <stdint.h>

#include "address.h"
#include "common/loop.h"
#include "settings.h"

struct probe;

/* What all probes have in common. */
struct prober {
	struct loop *loop;
	const struct settings *settings;
	unsigned running;
	/* A round begins: sets `order` and `count`. */
	void (*begin)(struct probe *);
	/* 0: a connection to address[order[next - 1]] was made; who is told stops the probe. Otherwise errno
	 * of connect(2) to the last address, ETIMEDOUT when there was no answer in time. */
	void (*done)(struct probe *, int error);
};

/* Embedded in its owner, with the first two and watch.fd = -1 set. */
struct probe {
	struct prober *by;
	const struct address *address;
	struct loop_fd watch;
	struct loop_timer timer;
	int64_t wait_ms;
	uint8_t order[ADDRESSES_MAX]; /* places of `address` */
	unsigned count, next;
	int error;
};

void probe_start(struct probe *p);
void probe_stop(struct probe *p);

/* There is a new reason to hope: the next round begins soon, and the waits grow from there again. */
void probe_hasten(struct probe *p);

#endif
