#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/listen.h"
#include "common/log.h"
#include "tcp.h"

enum {
	RETRY_MIN_MS = 250,
	RETRY_MAX_MS = 5000, /* an address may come with the next lease */
	PAUSE_MS = 100,
	BATCH_MAX = 64,
	BACKLOG = 4096, /* SOMAXCONN is 128 in musl; the kernel bounds it by net.core.somaxconn */
};

static const struct state_row {
	const char *name;
	uint32_t events;
} states[] = {
	[LISTENER_CLOSED] = {"closed", 0},
	[LISTENER_LISTENING] = {"listening", EPOLLIN},
	[LISTENER_PAUSED] = {"paused", 0},
};
_Static_assert(sizeof(states) / sizeof(states[0]) == LISTENER_STATE_COUNT, "a row for each state");

/* The one place that changes the state: logs it and arms the timer of the new one. */
static void set_listener_state(struct listener *l, enum listener_state state, int error)
{
	char name[ENDPOINT_TEXT_MAX];
	struct text t = TEXT(name);
	const char *why = error != 0 ? strerror(error) : NULL;
	if (state != l->state || why != l->error) {
		text_clear(&t);
		text_add_sockaddr(&t, (const struct sockaddr *)&l->endpoint.address);
		log_line(why != NULL ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "listener %s: %s -> %s%s%s", name,
			states[l->state].name, states[state].name, why != NULL ? ": " : "",
			why != NULL ? why : "");
	}
	l->state = state;
	l->error = why;
	loop_disarm(l->loop, &l->timer);
	if (state == LISTENER_CLOSED) {
		loop_close(l->loop, &l->watch);
		loop_arm(l->loop, &l->timer, now_ms() + l->retry_ms);
		l->retry_ms = l->retry_ms * 2 < RETRY_MAX_MS ? l->retry_ms * 2 : RETRY_MAX_MS;
	} else {
		loop_change(l->loop, &l->watch, states[state].events);
		l->retry_ms = RETRY_MIN_MS;
	}
	if (state == LISTENER_PAUSED)
		loop_arm(l->loop, &l->timer, now_ms() + PAUSE_MS);
	report_changed(l->report);
}

static bool is_transient(int error)
{
	/* accept(2): errors of the connection that was to be accepted, not of the listener. */
	return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
	       error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
	       error == EOPNOTSUPP || error == ENETUNREACH || error == ETIMEDOUT;
}

/* Accepts as many as there were the last time, twice as many when all of them came: neither a call of
 * accept4() in vain for each client, nor one of epoll_wait(). The watch is level-triggered, so what is left
 * comes up again. */
static void handle_clients(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct listener *l = container_of(w, struct listener, watch);
	unsigned accepted = 0, wanted = l->batch;
	(void)loop;
	(void)events;
	while (accepted < wanted) {
		struct sockaddr_storage address;
		socklen_t bytes = sizeof(address);
		int fd = accept4(w->fd, (struct sockaddr *)&address, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			accepted++;
			sessions_accept(l->sessions, fd, (const struct sockaddr *)&address);
		} else if (errno == EAGAIN) {
			break;
		} else if (!is_transient(errno)) {
			set_listener_state(l, LISTENER_PAUSED, errno);
			break;
		}
	}
	if (accepted == wanted)
		l->batch = wanted * 2 < BATCH_MAX ? wanted * 2 : BATCH_MAX;
	else
		l->batch = accepted > 0 ? accepted : 1;
}

static void set_options(int fd)
{
	tcp_set_nodelay(fd);
	tcp_set_keepalive(fd);
}

static bool is_ipv6_wildcard(const struct endpoint *e)
{
	struct sockaddr_in6 in6;
	memcpy(&in6, &e->address, sizeof(in6));
	return in6.sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

static void try_to_listen(struct listener *l)
{
	const struct endpoint *e = &l->endpoint;
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(e->port)};
	int fd = listen_at(
		(const struct sockaddr *)&e->address, e->address_bytes, l->ipv6_only, BACKLOG, set_options);
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) && is_ipv6_wildcard(e))
		fd = listen_at((const struct sockaddr *)&any, sizeof(any), false, BACKLOG, set_options);
	l->watch.fd = fd;
	if (fd < 0 || loop_add(l->loop, &l->watch, 0) < 0)
		set_listener_state(l, LISTENER_CLOSED, errno);
	else
		set_listener_state(l, LISTENER_LISTENING, 0);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct listener *l = container_of(timer, struct listener, timer);
	(void)loop;
	if (l->state == LISTENER_PAUSED)
		set_listener_state(l, LISTENER_LISTENING, 0);
	else
		try_to_listen(l);
}

void listener_init(struct listener *l, struct loop *loop, struct sessions *sessions, struct report *report,
	const struct endpoint *endpoint, bool ipv6_only)
{
	*l = (struct listener){.loop = loop,
		.sessions = sessions,
		.report = report,
		.endpoint = *endpoint,
		.ipv6_only = ipv6_only,
		.watch = {.fd = -1, .handle = handle_clients},
		.timer.handle = handle_timer,
		.retry_ms = RETRY_MIN_MS,
		.batch = 1};
	try_to_listen(l);
}

void listener_close(struct listener *l)
{
	loop_disarm(l->loop, &l->timer);
	loop_close(l->loop, &l->watch);
}

void listener_move(struct listener *to, struct listener *from)
{
	bool armed = from->timer.previous != NULL;
	int64_t deadline_ms = from->timer.deadline_ms;
	loop_disarm(from->loop, &from->timer);
	/* Level-triggered: clients that wait are reported again. */
	if (from->watch.fd >= 0)
		loop_remove(from->loop, &from->watch);
	*to = *from;
	from->watch.fd = -1;
	if (to->watch.fd >= 0)
		loop_add(to->loop, &to->watch, states[to->state].events);
	if (armed)
		loop_arm(to->loop, &to->timer, deadline_ms);
}
