#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flow.h"
#include "tcp.h"

/* accept --> CONNECTING --connected--> FRESH --lasts--> SETTLED --idle--> (RST)
 *                |                       |                 |
 *        all upstreams failed        both streams ended, or one side was reset
 *                v                       v                 v
 *              (RST)                 (closed, or RST)  (closed, or RST)
 */
enum {
	CONNECT_TIMEOUT_MS = 3000,
	CONNECT_TIMEOUTS_MAX = 4, /* then the client has better things to do than wait */
	FRESH_MS = 5000,          /* spares short sessions the calls that only long ones need */
};

struct session {
	struct expiry_entry expiry;
	struct sessions *all;
	struct side client, upstream;
	struct flow up, down; /* to the upstream, to the client */
	struct upstream_attempt attempt;
	uint8_t state;
	uint8_t timeouts; /* upstreams that did not answer */
};

static void handle_connected(struct session *s, uint32_t events);
static void handle_bytes(struct session *s, uint32_t events);
static void handle_connect_timeout(struct session *s);
static void settle(struct session *s);
static void reset(struct session *s);

/* The client is not watched before there is an upstream. */
static const struct state_row {
	void (*handle_upstream)(struct session *, uint32_t events);
	void (*handle_timeout)(struct session *);
} states[] = {
	[SESSION_CONNECTING] = {handle_connected, handle_connect_timeout},
	[SESSION_FRESH] = {handle_bytes, settle},
	[SESSION_SETTLED] = {handle_bytes, reset},
};
_Static_assert(sizeof(states) / sizeof(states[0]) == SESSION_STATE_COUNT, "a row for each state");

/* Changes of state are not logged: there are thousands a second. */
static void enter(struct session *s, enum session_state state)
{
	expiry_remove(&s->expiry);
	s->state = state;
	expiry_add(&s->all->in_state[state], &s->expiry);
}

static void handle_expired(struct expiry *list, struct expiry_entry *e)
{
	struct session *s = container_of(e, struct session, expiry);
	(void)list;
	states[s->state].handle_timeout(s);
}

static void handle_client(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct session *s = container_of(w, struct session, client.watch);
	(void)loop;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		s->client.readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		s->client.writable = true;
	handle_bytes(s, events);
}

static void handle_upstream(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct session *s = container_of(w, struct session, upstream.watch);
	(void)loop;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		s->upstream.readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		s->upstream.writable = true;
	states[s->state].handle_upstream(s, events);
}

/* Ends the session: what the sockets have taken is still delivered, then each peer sees the end. */
static void finish(struct session *s)
{
	struct sessions *all = s->all;
	expiry_remove(&s->expiry);
	flow_free(&s->up, &all->pipes);
	flow_free(&s->down, &all->pipes);
	loop_close(all->loop, &s->client.watch);
	loop_close(all->loop, &s->upstream.watch);
	free(s);
	all->count--;
	report_changed(all->report);
	if (all->draining && all->count == 0)
		loop_stop(all->loop);
}

/* Ends it by RST to both sides: neither may take what it has for the whole. */
static void reset(struct session *s)
{
	tcp_set_reset_on_close(s->client.watch.fd);
	if (s->upstream.watch.fd >= 0)
		tcp_set_reset_on_close(s->upstream.watch.fd);
	finish(s);
}

static void fail(struct session *s)
{
	s->all->failed++;
	reset(s);
}

/* EMFILE and the like are this machine's fault, not the upstream's. */
static bool is_local_error(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	       error == EADDRNOTAVAIL;
}

static void connect_next(struct session *s)
{
	struct sessions *all = s->all;
	struct address address;
	while (upstreams_next(all->upstreams, &s->attempt, &address)) {
		int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		s->upstream = (struct side){.watch = {.fd = fd, .handle = handle_upstream}};
		if (fd >= 0 && (connect(fd, &address.any, address.bytes) == 0 || errno == EINPROGRESS)) {
			s->upstream.watching = EPOLLIN | EPOLLOUT | EPOLLET;
			if (loop_add(all->loop, &s->upstream.watch, s->upstream.watching) < 0)
				break;
			enter(s, SESSION_CONNECTING);
			return;
		}
		if (is_local_error(errno))
			break;
		upstreams_failed(all->upstreams, &s->attempt, errno);
		loop_close(all->loop, &s->upstream.watch);
	}
	fail(s);
}

static void handle_connect_timeout(struct session *s)
{
	upstreams_failed(s->all->upstreams, &s->attempt, ETIMEDOUT);
	loop_close(s->all->loop, &s->upstream.watch);
	if (++s->timeouts < CONNECT_TIMEOUTS_MAX)
		connect_next(s);
	else
		fail(s);
}

/* Watches SIDE for input, and for output from the first time on that it would not take more: most never get
 * there. Edge-triggered: the kernel tells at once what is already so. */
static bool watch(struct session *s, struct side *side)
{
	uint32_t events = EPOLLIN | EPOLLET | (side->watching & EPOLLOUT) | (side->writable ? 0 : EPOLLOUT);
	if (events == side->watching)
		return true;
	int (*set)(struct loop *, struct loop_fd *, uint32_t) = side->watching == 0 ? loop_add : loop_change;
	side->watching = events;
	return set(s->all->loop, &side->watch, events) == 0;
}

/* Passes an end of stream on. */
static bool close_flow(struct flow *f, const struct side *to)
{
	if (f->state != FLOW_ENDED)
		return true;
	f->state = FLOW_CLOSED;
	return shutdown(to->watch.fd, SHUT_WR) == 0;
}

/* Moves what can be moved. False: the session has ended. */
static bool pass_bytes(struct session *s)
{
	struct sessions *all = s->all;
	uint64_t before = all->bytes_to_upstream + all->bytes_to_client;
	enum flow_result up =
		flow_run(&s->up, &s->client, &s->upstream, &all->pipes, &all->bytes_to_upstream);
	enum flow_result down =
		flow_run(&s->down, &s->upstream, &s->client, &all->pipes, &all->bytes_to_client);
	if (all->bytes_to_upstream + all->bytes_to_client != before)
		report_changed(all->report);
	/* Both were run first: an answer may be there though the question cannot be passed on any more. */
	if (up == FLOW_FAILED || down == FLOW_FAILED) {
		reset(s);
		return false;
	}
	if (s->up.state != FLOW_OPEN && s->down.state != FLOW_OPEN) {
		finish(s);
		return false;
	}
	if (!close_flow(&s->up, &s->upstream) || !close_flow(&s->down, &s->client) || !watch(s, &s->client) ||
		!watch(s, &s->upstream)) {
		reset(s);
		return false;
	}
	/* Setting the events anew makes the kernel tell again, after others had their turn. */
	if (up == FLOW_AGAIN)
		loop_change(all->loop, &s->client.watch, s->client.watching);
	if (down == FLOW_AGAIN)
		loop_change(all->loop, &s->upstream.watch, s->upstream.watching);
	return true;
}

/* What connect(2) came to. A connection that was made and reset before this was asked is none that failed:
 * in SYN-SENT a reset is ECONNREFUSED (RFC 9293 3.10.7.3, tcp_reset() in Linux). */
static int connect_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return error == ECONNRESET || error == EPIPE ? 0 : error;
}

static void handle_connected(struct session *s, uint32_t events)
{
	struct sessions *all = s->all;
	int error = events & (EPOLLERR | EPOLLHUP) ? connect_error(s->upstream.watch.fd) : 0;
	if (error != 0) {
		upstreams_failed(all->upstreams, &s->attempt, error);
		loop_close(all->loop, &s->upstream.watch);
		connect_next(s);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	upstreams_worked(all->upstreams, &s->attempt);
	if (events & EPOLLERR) {
		flow_run(&s->down, &s->upstream, &s->client, &all->pipes, &all->bytes_to_client);
		reset(s);
		return;
	}
	enter(s, SESSION_FRESH);
	/* The client has most likely spoken already; if not, it is watched from now on. */
	s->client.readable = true;
	pass_bytes(s);
}

static void handle_bytes(struct session *s, uint32_t events)
{
	if (!pass_bytes(s))
		return;
	/* RST, or keepalive gave up: what came before it has been passed on, as far as it could be. */
	if (events & EPOLLERR)
		reset(s);
	else if (s->state == SESSION_SETTLED)
		expiry_touch(&s->all->in_state[SESSION_SETTLED], &s->expiry);
}

static void settle(struct session *s)
{
	tcp_set_keepalive(s->upstream.watch.fd);
	enter(s, SESSION_SETTLED);
}

static void refuse(struct sessions *all, int client_fd)
{
	tcp_set_reset_on_close(client_fd);
	close(client_fd);
	all->refused++;
	report_changed(all->report);
}

void sessions_accept(struct sessions *all, int client_fd)
{
	/* Who may come at all, and how often, is asked here too one day. */
	if (all->upstreams->count == 0 || all->count >= all->max) {
		refuse(all, client_fd);
		return;
	}
	struct session *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		refuse(all, client_fd);
		return;
	}
	all->count++;
	all->accepted++;
	report_changed(all->report);
	s->all = all;
	/* The listener's options (tcp.h) are inherited. */
	s->client = (struct side){
		.watch = {.fd = client_fd, .handle = handle_client}, .writable = true, .nodelay = true};
	s->upstream.watch.fd = -1;
	connect_next(s);
}

void sessions_init(struct sessions *all, struct loop *loop, struct upstreams *upstreams,
	struct report *report, size_t max, unsigned pipes_max, int64_t idle_timeout_ms)
{
	const int64_t periods[SESSION_STATE_COUNT] = {
		[SESSION_CONNECTING] = CONNECT_TIMEOUT_MS,
		/* Part of the idle time, so it must be small against it. */
		[SESSION_FRESH] = idle_timeout_ms / 4 < FRESH_MS ? idle_timeout_ms / 4 : FRESH_MS,
		[SESSION_SETTLED] = idle_timeout_ms,
	};
	*all = (struct sessions){.loop = loop, .upstreams = upstreams, .report = report, .max = max};
	pipe_pool_init(&all->pipes, pipes_max);
	for (size_t state = 0; state < SESSION_STATE_COUNT; state++)
		expiry_init(&all->in_state[state], loop, periods[state], handle_expired);
}

void sessions_drain(struct sessions *all)
{
	all->draining = true;
	if (all->count == 0)
		loop_stop(all->loop);
}

void sessions_free(struct sessions *all)
{
	struct expiry_entry *e;
	for (size_t state = 0; state < SESSION_STATE_COUNT; state++)
		while ((e = expiry_first(&all->in_state[state])) != NULL)
			reset(container_of(e, struct session, expiry));
	pipe_pool_free(&all->pipes);
}
