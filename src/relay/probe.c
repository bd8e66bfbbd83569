#include "probe.h"

#include <errno.h>
#include <sys/socket.h>

enum {
	WAIT_MIN_MS = 500,
	WAIT_MAX_MS = 10000,
	PROBES_MAX = 8, /* at once; descriptors are kept back for them */
};

static void wait_for_next(struct probe *p)
{
	loop_arm(p->by->loop, &p->timer, now_ms() + p->wait_ms);
	p->wait_ms = p->wait_ms * 2 < WAIT_MAX_MS ? p->wait_ms * 2 : WAIT_MAX_MS;
}

static void end_connection(struct probe *p)
{
	if (p->watch.fd < 0)
		return;
	loop_close(p->by->loop, &p->watch);
	p->by->running--;
}

/* Starts with the next address; with none left the upstream is as it was. */
static void try_next(struct probe *p)
{
	while (p->next < p->count) {
		const struct address *a = &p->address[p->order[p->next++]];
		p->watch.fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (p->watch.fd < 0)
			continue;
		p->by->running++;
		if ((connect(p->watch.fd, &a->any, a->bytes) == 0 || errno == EINPROGRESS) &&
			loop_add(p->by->loop, &p->watch, EPOLLOUT) == 0) {
			loop_arm(p->by->loop, &p->timer, now_ms() + p->by->settings->connect_timeout_ms);
			return;
		}
		p->error = errno;
		end_connection(p);
	}
	wait_for_next(p);
	if (p->error != 0)
		p->by->done(p, p->error);
}

static void handle_connected(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct probe *p = container_of(w, struct probe, watch);
	int error = 0;
	socklen_t size = sizeof(error);
	(void)loop;
	(void)events;
	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	end_connection(p);
	if (error != 0) {
		p->error = error;
		try_next(p);
		return;
	}
	p->by->done(p, 0);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct probe *p = container_of(timer, struct probe, timer);
	if (p->watch.fd >= 0) {
		p->error = ETIMEDOUT;
		end_connection(p);
		try_next(p);
	} else if (p->by->running >= PROBES_MAX) {
		loop_arm(loop, timer, now_ms() + WAIT_MIN_MS);
	} else {
		p->by->begin(p);
		p->next = 0;
		p->error = 0;
		try_next(p);
	}
}

void probe_start(struct probe *p)
{
	probe_stop(p);
	p->watch.handle = handle_connected;
	p->timer.handle = handle_timer;
	p->wait_ms = WAIT_MIN_MS;
	wait_for_next(p);
}

void probe_hasten(struct probe *p)
{
	if (p->watch.fd >= 0 || p->timer.previous == NULL || p->timer.deadline_ms - now_ms() <= WAIT_MIN_MS)
		return;
	p->wait_ms = WAIT_MIN_MS;
	wait_for_next(p);
}

void probe_stop(struct probe *p)
{
	end_connection(p);
	loop_disarm(p->by->loop, &p->timer);
}
