/* Pipes for splice(2). A flow holds one only while bytes are on their way, so a few serve thousands of
 * connections. */
#ifndef RELAY_PIPE_POOL_H
#define RELAY_PIPE_POOL_H

struct pipe {
	int read_fd, write_fd;
	struct pipe *next; /* in the pool */
};

enum {
	PIPES_IDLE_MAX = 64,
	/* A user without privileges may have 16,384 pages in pipes before new ones come with two pages each
	 * (/proc/sys/fs/pipe-user-pages-soft): half of them for large pipes, the rest for 512 of 16 pages. */
	PIPES_LARGE_MAX = 128,
	PIPES_MAX = PIPES_LARGE_MAX + 512,
	PIPE_LARGE_BYTES = 256 * 1024,
};

struct pipe_pool {
	struct pipe *idle; /* last in, first out: the one that is still in the processor's cache */
	unsigned idle_count;
	unsigned count, max; /* idle and in use */
};

void pipe_pool_init(struct pipe_pool *pool, unsigned max);

/* An empty pipe, or NULL with errno when there is none to be had (EMFILE, ENFILE, ENOMEM; EAGAIN: the
 * pool's limit). The first PIPES_LARGE_MAX have PIPE_LARGE_BYTES, others what the kernel gives: 16 pages. */
struct pipe *pipe_pool_get(struct pipe_pool *pool);

/* Takes P, which must be empty, back. */
void pipe_pool_put(struct pipe_pool *pool, struct pipe *p);

/* Closes P with what is in it. */
void pipe_pool_discard(struct pipe_pool *pool, struct pipe *p);

/* Closes the idle pipes. */
void pipe_pool_free(struct pipe_pool *pool);

#endif
