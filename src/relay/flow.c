#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcp.h"

enum {
	/* One page fragment of a socket's queue takes one of a pipe's 16 slots, up to 32 KiB of them each,
	 * so a pipe of "64 KiB" takes up more than that at once. */
	SPLICE_BYTES = 256 * 1024,
	COPY_BYTES = 16 * 1024,
	/* PIPE_BUF: what of it is not sent at once fits into an empty pipe, however small that is (pipe(7)).
	 */
	SHORT_BYTES = 4096,
	TURN_BYTES = 64 * 1024, /* then others' turn */
};

/* The first bytes go out at once by themselves: Nagle's algorithm (RFC 9293 3.7.4) holds back only what
 * follows bytes that are not acknowledged. Short sessions are spared the call. */
static void before_sending(const struct flow *f, struct side *to)
{
	if (!f->used || to->nodelay)
		return;
	tcp_set_nodelay(to->watch.fd);
	to->nodelay = true;
}

/* What it means that a read of FROM gave none: SEEN is 0 at the end of its stream, or -1 with errno.
 * 1: try again; 0: nothing now; -1 with errno. */
static int note_nothing(struct flow *f, struct side *from, ssize_t seen)
{
	if (seen == 0) {
		f->state = FLOW_ENDED;
		return 0;
	}
	from->readable = errno == EINTR;
	return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -1;
}

/* Short messages are cheaper copied than spliced: two calls instead of two that each take a pipe's lock and
 * make pages of the bytes. What the receiver does not take waits in the pipe.
 * 1: bytes moved; 0: they cannot now; -1 with errno; so do the others. */
static int short_round(struct flow *f, struct side *from, struct side *to, uint64_t *bytes)
{
	static char buffer[SHORT_BYTES];
	ssize_t seen = recv(from->watch.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (seen <= 0)
		return note_nothing(f, from, seen);
	f->bulk = seen == sizeof(buffer);
	if (!f->bulk && !from->insist)
		from->readable = false;
	before_sending(f, to);
	ssize_t sent = send(to->watch.fd, buffer, (size_t)seen, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (sent > 0) {
		f->used = true;
		*bytes += (uint64_t)sent;
	}
	ssize_t left = seen - (sent > 0 ? sent : 0);
	if (left == 0)
		return 1;
	if (write(f->pipe->write_fd, buffer + seen - left, (size_t)left) != left)
		return -1;
	f->piped_bytes = (uint32_t)left;
	return 1;
}

static int fill_pipe(struct flow *f, struct side *from)
{
	/* Only into an empty pipe: a full one would answer EAGAIN too, as if the socket were empty. */
	ssize_t n = splice(from->watch.fd, NULL, f->pipe->write_fd, NULL, SPLICE_BYTES, SPLICE_F_NONBLOCK);
	if (n > 0) {
		f->piped_bytes = (uint32_t)n;
		f->bulk = n >= SHORT_BYTES;
		return 1;
	}
	if (n == 0) {
		f->state = FLOW_ENDED;
		return 0;
	}
	if (errno == EINTR)
		return 1;
	from->readable = false;
	return errno == EAGAIN ? 0 : -1;
}

static int empty_pipe(struct flow *f, struct side *to, uint64_t *bytes)
{
	before_sending(f, to);
	while (f->piped_bytes > 0) {
		ssize_t n =
			splice(f->pipe->read_fd, NULL, to->watch.fd, NULL, f->piped_bytes, SPLICE_F_NONBLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			to->writable = false;
			return n == 0 || errno == EAGAIN ? 0 : -1;
		}
		f->used = true;
		f->piped_bytes -= (uint32_t)n;
		*bytes += (uint64_t)n;
	}
	return 1;
}

static int splice_round(struct flow *f, struct side *from, struct side *to, uint64_t *bytes)
{
	if (f->piped_bytes == 0) {
		if (!f->bulk)
			return short_round(f, from, to, bytes);
		int filled = fill_pipe(f, from);
		if (filled <= 0 || f->piped_bytes == 0)
			return filled;
	}
	return empty_pipe(f, to, bytes);
}

/* Without a pipe: looks at the bytes, sends what the receiver takes, and only then takes those out of the
 * sender's queue, so nothing has to be kept here. */
static int copy_round(struct flow *f, struct side *from, struct side *to, uint64_t *bytes)
{
	static char buffer[COPY_BYTES];
	ssize_t seen = recv(from->watch.fd, buffer, sizeof(buffer), MSG_PEEK | MSG_DONTWAIT);
	if (seen <= 0)
		return note_nothing(f, from, seen);
	ssize_t sent = send(to->watch.fd, buffer, (size_t)seen, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		to->writable = errno == EINTR;
		return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -1;
	}
	for (ssize_t left = sent; left > 0;) {
		ssize_t taken =
			recv(from->watch.fd, NULL, (size_t)left, MSG_TRUNC | MSG_DONTWAIT); /* tcp(7) */
		if (taken < 0 && errno != EINTR)
			return -1;
		left -= taken > 0 ? taken : 0;
	}
	f->used = true;
	*bytes += (uint64_t)sent;
	return 1;
}

static bool can_run(const struct flow *f, const struct side *from, const struct side *to)
{
	return f->state == FLOW_OPEN && to->writable && (from->readable || f->piped_bytes > 0);
}

enum flow_result flow_run(
	struct flow *f, struct side *from, struct side *to, struct pipe_pool *pool, uint64_t *bytes)
{
	int moved = 1;
	uint64_t before = *bytes;
	if (!can_run(f, from, to))
		return FLOW_WAITS;
	if (f->pipe == NULL)
		f->pipe = pipe_pool_get(pool);
	while (moved > 0 && *bytes - before < TURN_BYTES && can_run(f, from, to))
		moved = f->pipe != NULL ? splice_round(f, from, to, bytes) : copy_round(f, from, to, bytes);
	if (moved < 0)
		return FLOW_FAILED;
	if (f->piped_bytes == 0)
		flow_free(f, pool);
	return moved > 0 && can_run(f, from, to) ? FLOW_AGAIN : FLOW_WAITS;
}

void flow_free(struct flow *f, struct pipe_pool *pool)
{
	if (f->pipe == NULL)
		return;
	if (f->piped_bytes == 0)
		pipe_pool_put(pool, f->pipe);
	else
		pipe_pool_discard(pool, f->pipe);
	f->pipe = NULL;
	f->piped_bytes = 0;
}
