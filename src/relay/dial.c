#include "dial.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "common/log.h"

enum {
	TIMEOUTS_MAX = 4, /* then the client has better things to do than wait */
	/* The list may change under way, so it alone does not bound this. */
	ATTEMPTS_MAX = 2 * TARGETS_MAX,
};

/* The first attempt is made on the side itself, so the usual connection needs nothing of this. */
struct race {
	struct dial *dial;
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

void dial_stop(struct dial *d)
{
	if (d->race == NULL)
		return;
	for (unsigned i = 1; i < d->race->next; i++)
		loop_close(d->by->loop, &d->race->runner[i].watch);
	free(d->race);
	d->race = NULL;
}

static bool is_running(const struct dial *d)
{
	if (d->side->watch.fd >= 0)
		return true;
	for (unsigned i = 1; d->race != NULL && i < d->race->next; i++)
		if (d->race->runner[i].watch.fd >= 0)
			return true;
	return false;
}

static void handle_runner(struct loop *loop, struct loop_fd *w, uint32_t events);

/* Starts with the next address of the race, or with one after it when that fails at once. False: none is
 * left. */
static bool start_runner(struct dial *d)
{
	struct race *race = d->race;
	while (race != NULL && race->next < race->count) {
		unsigned i = race->next++;
		race->runner[i] = (struct runner){.race = race, .watch.handle = handle_runner};
		if (start_attempt(d->by->loop, &race->runner[i].watch, &race->address[i]) == 0)
			return true;
	}
	return false;
}

/* All addresses have failed: on to the next upstream. */
static void give_up(struct dial *d, int error)
{
	dial_stop(d);
	loop_close(d->by->loop, &d->side->watch);
	upstreams_failed(d->by->upstreams, d->upstream_id, error);
	d->timeouts += error == ETIMEDOUT;
	if (d->timeouts < TIMEOUTS_MAX && d->attempts < ATTEMPTS_MAX)
		dial_start(d);
	else
		d->by->done(d, -1, 0);
}

static void win(struct dial *d, const struct address *address, uint32_t events)
{
	int64_t took_us = now_us() - d->since_us;
	upstreams_worked(d->by->upstreams, d->upstream_id, address, took_us);
	dial_stop(d);
	d->by->done(d, took_us, events);
}

static void handle_runner(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct runner *runner = container_of(w, struct runner, watch);
	struct race *race = runner->race;
	struct dial *d = race->dial;
	int error = connect_error(w->fd, events);
	if (error != 0) {
		loop_close(loop, w);
		if (!start_runner(d) && !is_running(d))
			give_up(d, error);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	loop_close(loop, &d->side->watch);
	d->side->watch.fd = w->fd;
	w->fd = -1;
	if (loop_change(loop, &d->side->watch, CONNECT_EVENTS) < 0)
		log_warn("epoll");
	win(d, &race->address[runner - race->runner], events);
}

void dial_events(struct dial *d, uint32_t events)
{
	int error = connect_error(d->side->watch.fd, events);
	if (error != 0) {
		loop_close(d->by->loop, &d->side->watch);
		if (!start_runner(d) && !is_running(d))
			give_up(d, error);
	} else if (events & EPOLLOUT) {
		win(d, d->race != NULL ? &d->race->address[0] : NULL, events);
	}
}

void dial_step(struct dial *d)
{
	if (now_us() - d->since_us >= d->by->settings->connect_timeout_ms * 1000) {
		give_up(d, ETIMEDOUT);
		return;
	}
	start_runner(d);
	d->by->waits(d);
}

/* Makes a race of UP's addresses, in ORDER. Without memory there is one address only. */
static struct race *make_race(struct dial *d, const struct upstream *up, const uint8_t *order, unsigned count)
{
	struct race *race = calloc(1, sizeof(*race));
	if (race == NULL)
		return NULL;
	race->dial = d;
	for (unsigned i = 0; i < count; i++)
		race->address[i] = up->target.address[order[i]];
	race->count = count;
	race->next = 1;
	return race;
}

void dial_start(struct dial *d)
{
	struct upstream *up;
	uint8_t order[ADDRESSES_MAX];
	while ((up = upstreams_choose(d->by->upstreams, &d->choice)) != NULL) {
		unsigned count = upstream_order(up, order);
		if (count == 0)
			continue;
		d->attempts++;
		d->upstream_id = up->id;
		d->since_us = now_us();
		*d->side = (struct side){
			.watch = {.fd = -1, .handle = d->side->watch.handle}, .watching = CONNECT_EVENTS};
		d->race = count > 1 ? make_race(d, up, order, count) : NULL;
		int started = start_attempt(d->by->loop, &d->side->watch, &up->target.address[order[0]]);
		int error = errno;
		if (started == 0 || start_runner(d)) {
			d->by->waits(d);
			return;
		}
		dial_stop(d);
		if (is_local_error(error))
			break;
		upstreams_failed(d->by->upstreams, up->id, error);
	}
	d->by->done(d, -1, 0);
}
