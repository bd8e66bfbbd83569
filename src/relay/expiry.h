/* Things that expire after one and the same period: a list in order of time and one timer for all. */
#ifndef RELAY_EXPIRY_H
#define RELAY_EXPIRY_H

#include <stdint.h>

#include "common/loop.h"

/* Embedded in its owner, which is in one list at most. */
struct expiry_entry {
	struct expiry_entry *next, *previous;
	int64_t deadline_ms; /* CLOCK_MONOTONIC */
};

struct expiry {
	struct loop *loop;
	struct loop_timer timer;
	struct expiry_entry head; /* of the ring: next is the soonest */
	int64_t period_ms;
	void (*expired)(struct expiry *, struct expiry_entry *);
};

/* EXPIRED is called once for each entry that stayed PERIOD_MS, after it was taken off the list. */
void expiry_init(struct expiry *list, struct loop *loop, int64_t period_ms,
	void (*expired)(struct expiry *, struct expiry_entry *));

/* Restarts the period of E. Costs no system call: the timer is set for the first entry only, and finds
 * out when it ends that the entry has moved on. */
void expiry_add(struct expiry *list, struct expiry_entry *e);
void expiry_remove(struct expiry_entry *e);
void expiry_touch(struct expiry *list, struct expiry_entry *e);

/* Entries that are in the list expire so much earlier or later, too. */
void expiry_set_period(struct expiry *list, int64_t period_ms);

/* The entry that expires first, or NULL. */
struct expiry_entry *expiry_first(struct expiry *list);

#endif
