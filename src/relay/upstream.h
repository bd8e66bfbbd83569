/* The hosts that the relay passes connections to: where they are, which one comes first, and what came of it.
 *
 *            a connection was made
 *   UNKNOWN ----------------------> UP
 *      |                             |  all addresses failed, or no answer in time
 *      +------------> DOWN <---------+
 *                       |  probe: a connection of our own, after 0.5 s, 1 s, 2 s, ... 10 s
 *                       +-----------> UP
 */
#ifndef RELAY_UPSTREAM_H
#define RELAY_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "common/loop.h"
#include "common/networks.h"
#include "probe.h"
#include "records/relay.h"
#include "settings.h"

enum { TARGETS_MAX = 32 };

/* One host and port, as a setting or DNS names it. */
struct target {
	uint8_t item; /* of relay.upstream, from 0: an earlier one is preferred */
	bool literal;
	uint16_t priority, weight; /* RFC 2782 */
	uint16_t port;
	char host[HOST_BYTES_MAX];
	struct address address[ADDRESSES_MAX];
	unsigned address_count;
};

struct upstream {
	struct upstreams *all;
	struct target target;
	uint32_t id; /* unlike the place in the list, stays the same while there are new answers */
	enum upstream_state state;
	const char *why;    /* the last error in words, NULL for none; static text */
	unsigned own;       /* bit N: address N is the relay itself */
	unsigned best;      /* the address that worked last */
	int64_t connect_us; /* how long the last connection took to be made; -1: none yet */
	struct probe probe;
	int64_t log_window_ms;
	unsigned log_lines, log_held_back;
};

struct upstreams {
	struct upstream *list[TARGETS_MAX]; /* the first one preferred */
	size_t count;
	uint32_t generation; /* of the list */
	uint32_t next_id;
	uint64_t random;
	struct prober prober;
	const struct settings *settings;
	const struct networks *networks;
	void (*changed)(struct upstreams *);
};

/* What one session has tried. All zero to begin with. */
struct upstream_choice {
	uint32_t tried; /* bit N: place N of the list */
	uint32_t generation;
};

/* All must outlive U. CHANGED is called after each change of the list, or of a state in it. */
void upstreams_init(struct upstreams *u, struct loop *loop, const struct settings *s,
	const struct networks *n, void (*changed)(struct upstreams *));

/* Ends all probes. */
void upstreams_free(struct upstreams *u);

/* Makes LIST, in order of item and priority, the upstreams. What is known of those that were there stays
 * known. False: there was no memory for some of them. */
bool upstreams_set(struct upstreams *u, const struct target *list, size_t count);

/* Finds out anew which addresses are the relay itself, and to which there is a route: after a change of
 * networks or settings. */
void upstreams_check_addresses(struct upstreams *u);

/* The next one to try, by item, priority and weight; NULL when none is left. One that is down comes only
 * after one that was not, and only when it failed at once. */
struct upstream *upstreams_choose(struct upstreams *u, struct upstream_choice *c);

/* NULL when it is no longer in the list. */
struct upstream *upstreams_find(const struct upstreams *u, uint32_t id);

/* The places of UP's addresses in the order to try them, the best one first; returns how many. */
unsigned upstream_order(const struct upstream *up, uint8_t order[static ADDRESSES_MAX]);

/* What came of a connection to the upstream ID: made in CONNECT_US to ADDRESS (NULL: it has only one), or
 * errno of connect(2) to the last of its addresses, ETIMEDOUT when there was no answer in time. */
void upstreams_worked(struct upstreams *u, uint32_t id, const struct address *address, int64_t connect_us);
void upstreams_failed(struct upstreams *u, uint32_t id, int error);

/* Whether there is none that could be tried. */
bool upstreams_all_down(const struct upstreams *u);

/* Appends HOST:PORT, an IPv6 address in brackets. */
void upstream_add_name(struct text *t, const struct upstream *up);

#endif
