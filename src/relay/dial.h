/* Makes a session's connection to an upstream: the addresses of one upstream are tried side by side, each a
 * little later than the one before it (RFC 8305), and the first that answers wins; upstreams are tried one
 * after the other. Nothing but the handshake is sent before one has won, so no request reaches two hosts. */
#ifndef RELAY_DIAL_H
#define RELAY_DIAL_H

#include <stdint.h>

#include "flow.h"
#include "settings.h"
#include "upstream.h"

enum { DIAL_STEP_MS = 250 }; /* RFC 8305 5: Connection Attempt Delay */

struct dial;

/* What all dials have in common. */
struct dialer {
	struct loop *loop;
	struct upstreams *upstreams;
	const struct settings *settings;
	/* An attempt is under way: dial_step is due in DIAL_STEP_MS, dial_events when the side has any. */
	void (*waits)(struct dial *);
	/* The side is connected, which took TOOK_US, with EVENTS as epoll told; -1: no upstream answers. */
	void (*done)(struct dial *, int64_t took_us, uint32_t events);
};

/* Embedded in its owner, with the first two set. */
struct dial {
	const struct dialer *by;
	struct side *side; /* the connection: the owner's, who has set `handle` and closes it */
	struct race *race; /* to more than one address, while connecting; NULL otherwise */
	struct upstream_choice choice;
	uint32_t upstream_id;       /* the last one that was tried, 0: none */
	uint8_t attempts, timeouts; /* upstreams tried, and of these the ones that did not answer */
	int64_t since_us;           /* when this upstream's turn began */
};

/* Finds D an upstream. D may be gone when one of these returns, if done() frees it. */
void dial_start(struct dial *d);
void dial_events(struct dial *d, uint32_t events);
void dial_step(struct dial *d);

/* Gives up what is under way besides the side. */
void dial_stop(struct dial *d);

#endif
