/* Where clients come in: one listening socket. */
#ifndef RELAY_LISTENER_H
#define RELAY_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"
#include "session.h"

enum listener_state {
	LISTENER_CLOSED, /* waits to try again */
	LISTENER_LISTENING,
	LISTENER_PAUSED, /* no descriptors left; clients wait in the backlog */
	LISTENER_STATE_COUNT
};

struct listener {
	struct loop *loop;
	struct sessions *sessions;
	struct report *report;
	struct endpoint endpoint;
	bool ipv6_only;
	enum listener_state state;
	const char *error; /* in words, while closed */
	struct loop_fd watch;
	struct loop_timer timer;
	int64_t retry_ms;
	unsigned batch; /* how many to accept at once */
};

/* Listens on ENDPOINT, a literal; while that cannot be it is tried again. [::] takes IPv4 too, unless
 * IPV6_ONLY, and becomes 0.0.0.0 where there is no IPv6. SESSIONS and REPORT must outlive L. */
void listener_init(struct listener *l, struct loop *loop, struct sessions *sessions, struct report *report,
	const struct endpoint *endpoint, bool ipv6_only);

/* Makes TO what FROM is, which is none any more. */
void listener_move(struct listener *to, struct listener *from);

/* Stops for good: clients in the backlog are reset by the kernel. */
void listener_close(struct listener *l);

#endif
