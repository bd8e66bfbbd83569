#include "pipe_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void pipe_pool_init(struct pipe_pool *pool, unsigned max)
{
	*pool = (struct pipe_pool){.max = max};
}

struct pipe *pipe_pool_get(struct pipe_pool *pool)
{
	struct pipe *p = pool->idle;
	int fds[2];
	if (p != NULL) {
		pool->idle = p->next;
		pool->idle_count--;
		return p;
	}
	if (pool->count >= pool->max) {
		errno = EAGAIN;
		return NULL;
	}
	p = malloc(sizeof(*p));
	if (p == NULL)
		return NULL;
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(p);
		return NULL;
	}
	/* A page fragment takes a slot however few bytes it has, so more slots mean fewer calls. */
	if (pool->count < PIPES_LARGE_MAX)
		fcntl(fds[1], F_SETPIPE_SZ, PIPE_LARGE_BYTES);
	*p = (struct pipe){.read_fd = fds[0], .write_fd = fds[1]};
	pool->count++;
	return p;
}

void pipe_pool_put(struct pipe_pool *pool, struct pipe *p)
{
	if (pool->idle_count >= PIPES_IDLE_MAX) {
		pipe_pool_discard(pool, p);
		return;
	}
	p->next = pool->idle;
	pool->idle = p;
	pool->idle_count++;
}

void pipe_pool_discard(struct pipe_pool *pool, struct pipe *p)
{
	close(p->read_fd);
	close(p->write_fd);
	free(p);
	pool->count--;
}

void pipe_pool_free(struct pipe_pool *pool)
{
	while (pool->idle != NULL) {
		struct pipe *p = pool->idle;
		pool->idle = p->next;
		pipe_pool_discard(pool, p);
	}
	pool->idle_count = 0;
}
