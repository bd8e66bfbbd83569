/* One direction of a session: bytes from one socket to the other, in order, nothing kept in between but
 * what is in a pipe. (The way through user space next to it, see flow.c, takes over when no pipe is to be
 * had.) */
#ifndef RELAY_FLOW_H
#define RELAY_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "pipe_pool.h"

/* What both sides of a session are watched for, edge-triggered. */
#define WATCHED (EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET)

/* One end of a session: a TCP socket, non-blocking, watched edge-triggered. `readable` and `writable` are
 * what the kernel said last: true until a call answers EAGAIN. */
struct side {
	struct loop_fd watch;
	bool readable, writable;
	bool insist;       /* a short read may not have been all: the end has come, or urgent data */
	bool nodelay;      /* TCP_NODELAY is set */
	uint32_t watching; /* the events that the loop was asked for, 0 for none */
};

enum flow_state {
	FLOW_OPEN,
	FLOW_ENDED,  /* the end of stream was read and all bytes before it passed on */
	FLOW_CLOSED, /* and the receiver was told */
};

struct flow {
	struct pipe *pipe;    /* NULL while it is empty */
	uint32_t piped_bytes; /* in the pipe */
	enum flow_state state;
	bool used; /* bytes have passed */
	bool bulk; /* spliced: the last read was no short one */
};

enum flow_result {
	FLOW_WAITS,  /* for one of the sides, or for nothing: it has ended */
	FLOW_AGAIN,  /* there may be more to read: others' turn first */
	FLOW_FAILED, /* errno says why; the session must be reset */
};

/* Passes on what can be passed on without waiting, until 64 KiB or a pipe's content are through. Adds to
 * *BYTES what TO has taken. */
enum flow_result flow_run(
	struct flow *f, struct side *from, struct side *to, struct pipe_pool *pool, uint64_t *bytes);

/* Gives the pipe back, or closes it when bytes are left in it. */
void flow_free(struct flow *f, struct pipe_pool *pool);

#endif
