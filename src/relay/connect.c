/* Makes the connection to an upstream: the addresses of one upstream are tried side by side, each a little
 * later than the one before it (RFC 8305), and the first that answers wins; upstreams are tried one after the
 * other. Nothing but the handshake is sent before one has won, so no request reaches two hosts. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "common/log.h"
#include "session.h"

enum {
	TIMEOUTS_MAX = 4, /* then the client has better things to do than wait */
	/* The list may change under way, so it alone does not bound this. */
	ATTEMPTS_MAX = 2 * TARGETS_MAX,
};

/* The first attempt is the session's own `upstream`, so the usual connection needs nothing of this. */
struct race {
	struct session *session;
	struct address address[ADDRESSES_MAX];
	unsigned count, next;
	struct runner {
		struct race *race;
		struct loop_fd watch;
	} runner[ADDRESSES_MAX]; /* the first one is not used */
};

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* EMFILE and the like are this machine's fault, not the upstream's. */
static bool is_local_error(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	       error == EADDRNOTAVAIL;
}

#define CONNECT_EVENTS (WATCHED | EPOLLOUT)

/* Starts to connect W to A. 0, or -1 with errno. */
static int start_attempt(struct loop *loop, struct loop_fd *w, const struct address *a)
{
	w->fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return -1;
	if ((connect(w->fd, &a->any, a->bytes) == 0 || errno == EINPROGRESS) &&
		loop_add(loop, w, CONNECT_EVENTS) == 0)
		return 0;
	int error = errno;
	loop_close(loop, w);
	errno = error;
	return -1;
}

/* What connect(2) came to. A connection that was made and reset before this was asked is none that failed:
 * in SYN-SENT a reset is ECONNREFUSED (RFC 9293 3.10.7.3, tcp_reset() in Linux). */
static int connect_error(int fd, uint32_t events)
{
	int error = 0;
	socklen_t size = sizeof(error);
	if ((events & (EPOLLERR | EPOLLHUP)) == 0)
		return 0;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error == ECONNRESET || error == EPIPE ? 0 : error;
}

void connect_stop(struct session *s)
{
	if (s->race == NULL)
		return;
	for (unsigned i = 1; i < s->race->next; i++)
		loop_close(s->all->loop, &s->race->runner[i].watch);
	free(s->race);
	s->race = NULL;
}

static bool is_running(const struct session *s)
{
	if (s->upstream.watch.fd >= 0)
		return true;
	for (unsigned i = 1; s->race != NULL && i < s->race->next; i++)
		if (s->race->runner[i].watch.fd >= 0)
			return true;
	return false;
}

static void handle_runner(struct loop *loop, struct loop_fd *w, uint32_t events);

/* Starts with the next address of the race, or with one after it when that fails at once. False: none is
 * left. */
static bool start_runner(struct session *s)
{
	struct race *race = s->race;
	while (race != NULL && race->next < race->count) {
		unsigned i = race->next++;
		race->runner[i] = (struct runner){.race = race, .watch.handle = handle_runner};
		if (start_attempt(s->all->loop, &race->runner[i].watch, &race->address[i]) == 0)
			return true;
	}
	return false;
}

/* All addresses have failed: on to the next upstream. */
static void give_up(struct session *s, int error)
{
	connect_stop(s);
	loop_close(s->all->loop, &s->upstream.watch);
	upstreams_failed(s->all->upstreams, s->upstream_id, error);
	s->timeouts += error == ETIMEDOUT;
	if (s->timeouts < TIMEOUTS_MAX && s->attempts < ATTEMPTS_MAX)
		connect_start(s);
	else
		session_unconnected(s);
}

static void win(struct session *s, const struct address *address, uint32_t events)
{
	int64_t took_us = now_us() - s->connecting_us;
	upstreams_worked(s->all->upstreams, s->upstream_id, address, took_us);
	histogram_add(&s->all->connect_us, (uint64_t)took_us);
	connect_stop(s);
	session_connected(s, events);
}

static void handle_runner(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct runner *runner = container_of(w, struct runner, watch);
	struct race *race = runner->race;
	struct session *s = race->session;
	int error = connect_error(w->fd, events);
	if (error != 0) {
		loop_close(loop, w);
		if (!start_runner(s) && !is_running(s))
			give_up(s, error);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	struct address address = race->address[runner - race->runner];
	loop_close(loop, &s->upstream.watch);
	s->upstream.watch.fd = w->fd;
	w->fd = -1;
	if (loop_change(loop, &s->upstream.watch, CONNECT_EVENTS) < 0)
		log_warn("epoll");
	win(s, &address, events);
}

void connect_events(struct session *s, uint32_t events)
{
	int error = connect_error(s->upstream.watch.fd, events);
	if (error != 0) {
		loop_close(s->all->loop, &s->upstream.watch);
		if (!start_runner(s) && !is_running(s))
			give_up(s, error);
	} else if (events & EPOLLOUT) {
		struct address address;
		if (s->race != NULL)
			address = s->race->address[0];
		win(s, s->race != NULL ? &address : NULL, events);
	}
}

void connect_step(struct session *s)
{
	if (now_us() - s->connecting_us >= s->all->settings->connect_timeout_ms * 1000) {
		give_up(s, ETIMEDOUT);
		return;
	}
	start_runner(s);
	session_connecting(s);
}

/* Makes a race of UP's addresses, in ORDER. Without memory there is one address only. */
static struct race *make_race(
	struct session *s, const struct upstream *up, const uint8_t *order, unsigned count)
{
	struct race *race = calloc(1, sizeof(*race));
	if (race == NULL)
		return NULL;
	race->session = s;
	for (unsigned i = 0; i < count; i++)
		race->address[i] = up->target.address[order[i]];
	race->count = count;
	race->next = 1;
	return race;
}

void connect_start(struct session *s)
{
	struct upstream *up;
	uint8_t order[ADDRESSES_MAX];
	while ((up = upstreams_choose(s->all->upstreams, &s->choice)) != NULL) {
		unsigned count = upstream_order(up, order);
		if (count == 0)
			continue;
		s->attempts++;
		s->upstream_id = up->id;
		s->connecting_us = now_us();
		s->upstream = (struct side){
			.watch = {.fd = -1, .handle = session_handle_upstream}, .watching = CONNECT_EVENTS};
		s->race = count > 1 ? make_race(s, up, order, count) : NULL;
		int started = start_attempt(s->all->loop, &s->upstream.watch, &up->target.address[order[0]]);
		int error = errno;
		if (started == 0 || start_runner(s)) {
			session_connecting(s);
			return;
		}
		connect_stop(s);
		if (is_local_error(error))
			break;
		upstreams_failed(s->all->upstreams, up->id, error);
	}
	session_unconnected(s);
}
