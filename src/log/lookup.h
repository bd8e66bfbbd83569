/* Addresses of the collector's name: getaddrinfo() blocks, so a child process calls it and exits with the
 * answer. */
#ifndef THIMBLE_LOG_LOOKUP_H
#define THIMBLE_LOG_LOOKUP_H

#include <netinet/in.h>

#include "common/offload.h"

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
	struct offload child;
	const char *host; /* what is asked for; the child's only */
	uint16_t port;
	struct lookup_answer answer;
	/* Called once for each start, with the child gone; NULL: no answer in time. */
	void (*answered)(struct lookup *, const struct lookup_answer *);
};

void lookup_init(
	struct lookup *l, struct loop *loop, void (*answered)(struct lookup *, const struct lookup_answer *));

/* Looks up the addresses of HOST; the answer has PORT in each. None may be running. 0, or -1 with errno. */
int lookup_start(struct lookup *l, const char *host, uint16_t port);

/* Ends the child, if one runs, without an answer. */
void lookup_stop(struct lookup *l);

#endif
