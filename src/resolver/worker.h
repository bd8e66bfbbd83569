/* A child process that asks the name servers once and ends: the C library's resolver blocks, and code that
 * reads their bytes must stay out of the process that lives on. */
#ifndef RESOLVER_WORKER_H
#define RESOLVER_WORKER_H

#include "common/offload.h"
#include "packet.h"

enum {
	WORKER_TIMEOUT_MS = 8000,
	/* By then it sends what it has. musl asks all servers for 5 s (src/network/res_msend.c), so one
	 * question without an answer leaves time for others. */
	WORKER_SEND_MS = 7500,
	/* Once there are IPv4 addresses, so long for all of IPv6's. What is missing then is asked for again
	 * soon (lookup.c, INCOMPLETE_TTL_S). */
	WORKER_IPV6_MS = 500,
};

struct worker {
	struct offload child;
	unsigned name_count;
	/* Called once for each start, with the child gone; may start the next. The packet is good, or NULL
	 * when none came in time. It is the callee's only until it returns. */
	void (*answered)(struct worker *, const struct packet *);
};

void worker_init(
	struct worker *w, struct loop *loop, void (*answered)(struct worker *, const struct packet *));

/* Asks Q, which has one name at least. None may be running. 0, or -1 with errno. */
int worker_start(struct worker *w, const struct question *q);

/* Ends the child, if one runs, without an answer. */
void worker_stop(struct worker *w);

#endif
