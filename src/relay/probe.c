/* Looks after an upstream that is down: connects to its addresses one after the other, and ends the
 * connection as soon as it is made. */
#include <errno.h>
#include <sys/socket.h>

#include "upstream.h"

enum {
	WAIT_MIN_MS = 500,
	WAIT_MAX_MS = 10000,
	PROBES_MAX = 8, /* at once; descriptors are kept back for them */
};

static void wait_for_next(struct upstream *up)
{
	struct probe *p = &up->probe;
	loop_arm(up->all->loop, &p->timer, now_ms() + p->wait_ms);
	p->wait_ms = p->wait_ms * 2 < WAIT_MAX_MS ? p->wait_ms * 2 : WAIT_MAX_MS;
}

static void end_connection(struct upstream *up)
{
	if (up->probe.watch.fd < 0)
		return;
	loop_close(up->all->loop, &up->probe.watch);
	up->all->probing--;
}

/* Starts with the next address; with none left the upstream is as it was. */
static void try_next(struct upstream *up)
{
	struct probe *p = &up->probe;
	while (p->next < p->count) {
		const struct address *a = &up->target.address[p->order[p->next++]];
		p->watch.fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (p->watch.fd < 0)
			continue;
		up->all->probing++;
		if ((connect(p->watch.fd, &a->any, a->bytes) == 0 || errno == EINPROGRESS) &&
			loop_add(up->all->loop, &p->watch, EPOLLOUT) == 0) {
			loop_arm(up->all->loop, &p->timer, now_ms() + up->all->settings->connect_timeout_ms);
			return;
		}
		p->error = errno;
		end_connection(up);
	}
	wait_for_next(up);
	if (p->error != 0)
		upstreams_failed(up->all, up->id, p->error);
}

static void handle_connected(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct upstream *up = container_of(w, struct upstream, probe.watch);
	int error = 0;
	socklen_t size = sizeof(error);
	(void)loop;
	(void)events;
	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	const struct address *a = &up->target.address[up->probe.order[up->probe.next - 1]];
	end_connection(up);
	if (error != 0) {
		up->probe.error = error;
		try_next(up);
		return;
	}
	upstreams_worked(up->all, up->id, a, up->connect_us);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct upstream *up = container_of(timer, struct upstream, probe.timer);
	struct probe *p = &up->probe;
	if (p->watch.fd >= 0) {
		p->error = ETIMEDOUT;
		end_connection(up);
		try_next(up);
	} else if (up->all->probing >= PROBES_MAX) {
		loop_arm(loop, timer, now_ms() + WAIT_MIN_MS);
	} else {
		p->count = upstream_order(up, p->order);
		p->next = 0;
		p->error = 0;
		try_next(up);
	}
}

void probe_start(struct upstream *up)
{
	probe_stop(up);
	up->probe.watch.handle = handle_connected;
	up->probe.timer.handle = handle_timer;
	up->probe.wait_ms = WAIT_MIN_MS;
	wait_for_next(up);
}

void probe_stop(struct upstream *up)
{
	end_connection(up);
	loop_disarm(up->all->loop, &up->probe.timer);
}
