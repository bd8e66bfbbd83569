/* Work that may block, done by a child process that answers once and ends. Code that reads foreign
 * bytes there also stays out of the process that lives on. */
#ifndef THIMBLE_OFFLOAD_H
#define THIMBLE_OFFLOAD_H

#include <sys/types.h>

#include "common/loop.h"

/* In the child, where FD is all that is left open besides 0 to 2: a SOCK_SEQPACKET whose other end the parent
 * reads. */
typedef void offload_work(int fd, const void *argument);

struct offload {
	struct loop *loop;
	struct loop_fd watch;
	struct loop_timer deadline;
	pid_t pid;  /* 0 while none runs */
	int status; /* of the last one, as waitpid(2) gives it; SIGKILL may be ours */
	/* Called once for each start, with the child gone, and may start the next. LENGTH bytes of its answer
	 * are in the buffer of offload_start; 0 when none came in time, or one that was larger. */
	void (*answered)(struct offload *, size_t length);
	void *buffer;
	size_t size;
};

void offload_init(struct offload *o, struct loop *loop, void (*answered)(struct offload *, size_t length));

/* Has WORK done with ARGUMENT, TIMEOUT_MS at most, and its answer put into SIZE bytes of BUFFER. None may be
 * running. 0, or -1 with errno. */
int offload_start(struct offload *o, offload_work *work, const void *argument, void *buffer, size_t size,
	int64_t timeout_ms);

/* Ends the child, if one runs, without an answer. */
void offload_stop(struct offload *o);

#endif
