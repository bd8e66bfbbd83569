/* Resolves names in a child process, one at a time: getaddrinfo() blocks, and what reads bytes from DNS
 * servers has no business in the process that holds the connections. */
#ifndef RELAY_RESOLVER_H
#define RELAY_RESOLVER_H

#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "common/loop.h"

enum { RESOLVER_TIMEOUT_MS = 8000 };

/* What the child sends, as one packet. */
struct resolver_answer {
	int error; /* 0, or EAI_* of getaddrinfo() */
	unsigned count;
	struct address addresses[ADDRESSES_MAX]; /* in the order to try them, RFC 6724 */
};

struct resolver {
	struct loop *loop;
	struct loop_fd watch;
	struct loop_timer deadline;
	pid_t pid; /* 0 while none runs */
	/* Called once for each start, with the child gone; may start the next. */
	void (*answered)(struct resolver *, const struct resolver_answer *);
};

void resolver_init(struct resolver *r, struct loop *loop,
	void (*answered)(struct resolver *, const struct resolver_answer *));

/* Asks for the addresses of HOST and puts PORT into them. None may be running. 0, or -1 with errno. */
int resolver_start(struct resolver *r, const char *host, uint16_t port);

/* Ends the child, if one runs, without an answer. */
void resolver_stop(struct resolver *r);

#endif
