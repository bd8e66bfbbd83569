/* Addresses of the collector's name: getaddrinfo() blocks, so a child process asks, which ends with its
 * answer. */
#ifndef THIMBLE_LOG_LOOKUP_H
#define THIMBLE_LOG_LOOKUP_H

#include <netinet/in.h>
#include <sys/types.h>

#include "common/loop.h"

enum { PEERS_MAX = 8, LOOKUP_TIMEOUT_MS = 15000 };

union peer {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

struct lookup_answer {
	int error; /* of getaddrinfo(); 0: there are peers */
	unsigned count;
	union peer list[PEERS_MAX];
};

struct lookup {
	struct loop *loop;
	struct loop_fd watch;
	struct loop_timer deadline;
	pid_t pid; /* 0 while none runs */
	/* Called once for each start, with the child gone; NULL: no answer in time. */
	void (*answered)(struct lookup *, const struct lookup_answer *);
};

void lookup_init(
	struct lookup *l, struct loop *loop, void (*answered)(struct lookup *, const struct lookup_answer *));

/* Asks for the addresses of HOST; the answer has PORT in each. None may be running. 0, or -1 with errno. */
int lookup_start(struct lookup *l, const char *host, uint16_t port);

/* Ends the child, if one runs, without an answer. */
void lookup_stop(struct lookup *l);

#endif
