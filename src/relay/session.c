#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "dcerpc.h"
#include "places.h"
#include "proxy_header.h"
#include "tcp.h"

/* docs/relay.md draws this:
 *
 *   accept --> GUARD --> CONNECTING --> FRESH --> SETTLED
 *     |          |           |           |  \        |  \
 *   (RST)      (RST)       (RST)         |  SILENT --+   HALF
 *                                        v     v     v     v
 *                          closed when both streams have ended, RST when one was reset or time is up
 */
enum {
	FRESH_MS = 5000, /* spares short sessions the calls that only long ones need */
};

static void guard_client(struct session *s, uint32_t events);
static void note_client(struct session *s, uint32_t events);
static void handle_dial(struct session *s, uint32_t events);
static void handle_bytes(struct session *s, uint32_t events);
static void step_dial(struct session *s);
static void refuse_silence(struct session *s);
static void settle(struct session *s);
static void end_idle(struct session *s);

static const struct state_row {
	void (*handle_client)(struct session *, uint32_t events);
	void (*handle_upstream)(struct session *, uint32_t events);
	void (*handle_timeout)(struct session *);
} states[] = {
	[SESSION_GUARD] = {guard_client, NULL, refuse_silence},
	[SESSION_CONNECTING] = {note_client, handle_dial, step_dial},
	[SESSION_FRESH] = {handle_bytes, handle_bytes, settle},
	[SESSION_SILENT] = {handle_bytes, handle_bytes, refuse_silence},
	[SESSION_SETTLED] = {handle_bytes, handle_bytes, end_idle},
	[SESSION_HALF] = {handle_bytes, handle_bytes, end_idle},
};
_Static_assert(sizeof(states) / sizeof(states[0]) == SESSION_STATE_COUNT, "a row for each state");

/* Changes of state are not logged: there are thousands a second. */
static void enter(struct session *s, enum session_state state)
{
	expiry_remove(&s->expiry);
	s->state = state;
	expiry_add(&s->all->in_state[state], &s->expiry);
	client_touch(s->holder, &s->place);
}

static void handle_expired(struct expiry *list, struct expiry_entry *e)
{
	struct session *s = container_of(e, struct session, expiry);
	(void)list;
	states[s->state].handle_timeout(s);
}

/* Edge-triggered: what comes after these events is told by new ones. So a short read has taken all there is,
 * unless the end was there behind it, or urgent data, at which a read stops. */
static void note_events(struct side *side, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		side->readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		side->writable = true;
	if (events & (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		side->insist = true;
}

/* There is more to pass on, and its turn comes. */
static bool is_put_off(const struct session *s)
{
	return s->turn.previous != NULL;
}

/* By its turn, what these events tell is part of what is passed on; an error cannot wait. */
static bool can_wait(const struct session *s, uint32_t events)
{
	return is_put_off(s) && !(events & EPOLLERR);
}

static void handle_client(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct session *s = container_of(w, struct session, client.watch);
	(void)loop;
	note_events(&s->client, events);
	if (!can_wait(s, events))
		states[s->state].handle_client(s, events);
}

static void handle_upstream(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct session *s = container_of(w, struct session, upstream.watch);
	(void)loop;
	note_events(&s->upstream, events);
	if (!can_wait(s, events))
		states[s->state].handle_upstream(s, events);
}

static void make_client_address(const struct session *s, struct sockaddr_in6 *address)
{
	*address = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_addr = s->client_address, .sin6_port = htons(s->client_port)};
}

/* "session 192.0.2.7:49152 -> kms.example.org:1688: 250 bytes up, 170 down, 12 ms: closed" */
static void log_session(const struct session *s, const char *how)
{
	char client[ENDPOINT_TEXT_MAX], name[ENDPOINT_TEXT_MAX];
	struct text c = TEXT(client), n = TEXT(name);
	struct sockaddr_in6 address;
	const struct upstream *up = upstreams_find(s->all->dialer.upstreams, s->dial.upstream_id);
	make_client_address(s, &address);
	text_add_sockaddr(&c, (struct sockaddr *)&address);
	if (up != NULL)
		upstream_add_name(&n, up);
	log_info("session %s -> %s: %llu bytes up, %llu down, %lld ms: %s", client,
		up != NULL ? name : "no upstream", (unsigned long long)s->bytes_up,
		(unsigned long long)s->bytes_down, (long long)(now_ms() - s->accepted_ms), how);
}

/* Ends the session: what the sockets have taken is still delivered, then each peer sees the end. */
static void finish(struct session *s, const char *how)
{
	struct sessions *all = s->all;
	if (all->settings->log_sessions)
		log_session(s, how);
	if (s->state >= SESSION_FRESH)
		histogram_add(&all->session_ms, (uint64_t)(now_ms() - s->accepted_ms));
	expiry_remove(&s->expiry);
	expiry_remove(&s->age);
	loop_withdraw(all->loop, &s->turn);
	dial_stop(&s->dial);
	flow_free(&s->up, &all->pipes);
	flow_free(&s->down, &all->pipes);
	loop_close(all->loop, &s->client.watch);
	loop_close(all->loop, &s->upstream.watch);
	clients_give(&all->clients, s->holder, &s->place);
	free(s);
	all->count--;
	report_changed(all->report);
	if (all->draining && all->count == 0)
		loop_stop(all->loop);
}

/* Ends it by RST to both sides: neither may take what it has for the whole. */
static void reset(struct session *s, const char *how)
{
	tcp_set_reset_on_close(s->client.watch.fd);
	if (s->upstream.watch.fd >= 0)
		tcp_set_reset_on_close(s->upstream.watch.fd);
	finish(s, how);
}

static void reset_counted(struct session *s, enum refusal reason)
{
	s->all->counts.of[reason]++;
	reset(s, refusal_words[reason]);
}

/* One line for each client a minute: what was DONE to it, and WHY. */
static void log_limited(
	struct sessions *all, const struct in6_addr *address, const char *done, const char *why)
{
	char name[ENDPOINT_TEXT_MAX];
	struct text t = TEXT(name);
	struct in6_addr network = client_network(address);
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = *address};
	unsigned held_back;
	if (!log_limit_allows(&all->log_limit, &network, now_ms(), &held_back))
		return;
	text_add_address(&t, (struct sockaddr *)&sa);
	if (held_back > 0)
		log_warnx("client %s %s: %s (%u lines about others were held back)", name, done, why,
			held_back);
	else
		log_warnx("client %s %s: %s", name, done, why);
}

static void log_refused(struct sessions *all, const struct in6_addr *client, const char *why)
{
	log_limited(all, client, "refused", why);
}

static void refuse_silence(struct session *s)
{
	log_refused(s->all, &s->client_address, refusal_words[REFUSED_FIRST_BYTE]);
	reset_counted(s, REFUSED_FIRST_BYTE);
}

static void end_idle(struct session *s)
{
	reset_counted(s, CLOSED_IDLE);
}

static void handle_aged(struct expiry *list, struct expiry_entry *e)
{
	(void)list;
	reset_counted(container_of(e, struct session, age), CLOSED_SESSION_TIME);
}

/* Watches SIDE for input, and for output from the first time on that it would not take more: most never get
 * there. Edge-triggered: the kernel tells at once what is already so. */
static bool watch(struct session *s, struct side *side)
{
	uint32_t events = WATCHED | (side->watching & EPOLLOUT) | (side->writable ? 0 : EPOLLOUT);
	if (events == side->watching)
		return true;
	int (*set)(struct loop *, struct loop_fd *, uint32_t) = side->watching == 0 ? loop_add : loop_change;
	side->watching = events;
	return set(s->all->loop, &side->watch, events) == 0;
}

/* A client that has gone meanwhile needs no upstream. One that has only ended its stream does. */
static void note_client(struct session *s, uint32_t events)
{
	if (events & (EPOLLERR | EPOLLHUP))
		reset(s, "the client has gone");
}

static void refuse_by_guard(struct session *s, const struct dcerpc_result *result)
{
	char words[160];
	struct text t = TEXT(words);
	text_add_dcerpc_reason(&t, result);
	log_refused(s->all, &s->client_address, words);
	reset_counted(s, REFUSED_GUARD);
}

/* Looks at what the client has sent so far; it stays where it is, for the upstream. */
static void guard_client(struct session *s, uint32_t events)
{
	static uint8_t bytes[DCERPC_BYTES_MAX];
	const struct settings *settings = s->all->settings;
	ssize_t length = recv(s->client.watch.fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	if (length < 0 && errno != EAGAIN && errno != EINTR) {
		reset(s, "the client has gone");
		return;
	}
	struct dcerpc_result result = dcerpc_look(
		bytes, length > 0 ? (size_t)length : 0, settings->guarded, settings->guarded_count);
	if (result.verdict == DCERPC_PASS) {
		dial_start(&s->dial);
		return;
	}
	/* With its stream at an end there will be no more. */
	if (result.verdict == DCERPC_MORE && (length == 0 || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))))
		result = (struct dcerpc_result){.verdict = DCERPC_REFUSE,
			.reason = "its stream ended within the first PDU",
			.value = -1};
	if (result.verdict == DCERPC_REFUSE)
		refuse_by_guard(s, &result);
	else if (!watch(s, &s->client))
		reset(s, strerror(errno));
}

/* The upstream's first bytes are the header; its socket has room for them. */
static bool send_proxy_header(struct session *s)
{
	uint8_t header[PROXY_HEADER_BYTES_MAX];
	struct sockaddr_in6 client;
	struct sockaddr_storage server;
	socklen_t bytes = sizeof(server);
	if (getsockname(s->client.watch.fd, (struct sockaddr *)&server, &bytes) < 0)
		return false;
	make_client_address(s, &client);
	size_t length = proxy_header_write(header, (struct sockaddr *)&client, (struct sockaddr *)&server);
	return send(s->upstream.watch.fd, header, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
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
	uint64_t up_before = s->bytes_up, down_before = s->bytes_down;
	enum flow_result up = flow_run(&s->up, &s->client, &s->upstream, &all->pipes, &s->bytes_up);
	int up_error = errno;
	enum flow_result down = flow_run(&s->down, &s->upstream, &s->client, &all->pipes, &s->bytes_down);
	all->bytes_to_upstream += s->bytes_up - up_before;
	all->bytes_to_client += s->bytes_down - down_before;
	if (s->bytes_up != up_before || s->bytes_down != down_before)
		report_changed(all->report);
	/* Both were run first: an answer may be there though the question cannot be passed on any more. */
	if (up == FLOW_FAILED || down == FLOW_FAILED) {
		reset(s, strerror(up == FLOW_FAILED ? up_error : errno));
		return false;
	}
	if (s->up.state != FLOW_OPEN && s->down.state != FLOW_OPEN) {
		finish(s, "closed");
		return false;
	}
	if (!close_flow(&s->up, &s->upstream) || !close_flow(&s->down, &s->client) || !watch(s, &s->client) ||
		!watch(s, &s->upstream)) {
		reset(s, strerror(errno));
		return false;
	}
	if (up == FLOW_AGAIN || down == FLOW_AGAIN)
		loop_defer(all->loop, &s->turn);
	return true;
}

static void handle_waits(struct dial *d)
{
	enter(container_of(d, struct session, dial), SESSION_CONNECTING);
}

static void handle_done(struct dial *d, int64_t took_us, uint32_t events)
{
	struct session *s = container_of(d, struct session, dial);
	struct sessions *all = s->all;
	if (took_us < 0) {
		all->failed++;
		reset(s, "no upstream answers");
		return;
	}
	histogram_add(&all->connect_us, (uint64_t)took_us);
	enter(s, SESSION_FRESH);
	s->upstream.writable = true;
	if (all->settings->proxy_header && !send_proxy_header(s)) {
		reset(s, "cannot send the PROXY header");
		return;
	}
	if (events & EPOLLERR) {
		flow_run(&s->down, &s->upstream, &s->client, &all->pipes, &all->bytes_to_client);
		reset(s, "reset by the upstream");
		return;
	}
	/* The client has most likely spoken already; if not, it is watched from now on. */
	s->client.readable = true;
	pass_bytes(s);
}

static void handle_dial(struct session *s, uint32_t events)
{
	dial_events(&s->dial, events);
}

static void step_dial(struct session *s)
{
	dial_step(&s->dial);
}

static bool is_half_closed(const struct session *s)
{
	return s->up.state != FLOW_OPEN || s->down.state != FLOW_OPEN;
}

static void handle_bytes(struct session *s, uint32_t events)
{
	if (!pass_bytes(s))
		return;
	/* RST, or keepalive gave up: what came before it is passed on first, as far as it can be. */
	if (events & EPOLLERR) {
		while (is_put_off(s)) {
			loop_withdraw(s->all->loop, &s->turn);
			if (!pass_bytes(s))
				return;
		}
		reset(s, "reset by a peer");
	} else if (is_half_closed(s)) {
		enter(s, SESSION_HALF);
	} else if (s->state == SESSION_SETTLED ||
		   (s->state == SESSION_SILENT && (s->up.used || s->down.used))) {
		enter(s, SESSION_SETTLED);
	}
}

static void handle_turn(struct loop *loop, struct loop_turn *turn)
{
	(void)loop;
	handle_bytes(container_of(turn, struct session, turn), 0);
}

static void settle(struct session *s)
{
	tcp_set_keepalive(s->upstream.watch.fd);
	enter(s, s->up.used || s->down.used ? SESSION_SETTLED : SESSION_SILENT);
}

static void refuse(struct sessions *all, int client_fd, const struct in6_addr *client, enum refusal reason)
{
	tcp_set_reset_on_close(client_fd);
	close(client_fd);
	all->counts.of[reason]++;
	if (reason != REFUSED_NO_UPSTREAM) /* the record and the screen say that all the time */
		log_refused(all, client, refusal_words[reason]);
	report_changed(all->report);
}

static void start(struct sessions *all, struct session *s)
{
	all->count++;
	all->accepted++;
	report_changed(all->report);
	s->all = all;
	s->turn.handle = handle_turn;
	s->accepted_ms = now_ms();
	expiry_add(&all->aged, &s->age);
	if (!all->settings->guard) {
		dial_start(&s->dial);
		return;
	}
	enter(s, SESSION_GUARD);
	guard_client(s, 0);
}

static void give_way(struct session *s, enum refusal limit)
{
	log_limited(s->all, &s->client_address, "gave way", refusal_words[limit]);
	reset_counted(s, CLOSED_GAVE_WAY);
}

/* NULL: no memory. */
static struct session *make_session(struct sessions *all, const struct in6_addr *client)
{
	struct session *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->holder = clients_take(&all->clients, client, &s->place);
	if (s->holder == NULL) {
		free(s);
		return NULL;
	}
	s->client_address = *client;
	return s;
}

void sessions_accept(struct sessions *all, int client_fd, const struct sockaddr *address)
{
	struct in6_addr client = {0};
	struct session *older;
	enum refusal reason;
	address_of(&client, address);
	if (!allow_client(&all->settings->allow, all->networks, &client)) {
		refuse(all, client_fd, &client, REFUSED_NOT_ALLOWED);
		return;
	}
	if (all->settings->item_count == 0) {
		refuse(all, client_fd, &client, REFUSED_NO_UPSTREAM);
		return;
	}
	if (!place_is_free(all, &client, &older, &reason) && older == NULL) {
		refuse(all, client_fd, &client, reason);
		return;
	}
	if (older != NULL)
		give_way(older, reason);
	struct session *s = make_session(all, &client);
	if (s == NULL) {
		refuse(all, client_fd, &client, REFUSED_MEMORY);
		return;
	}
	/* The port is at the same place in both families. */
	s->client_port = ntohs(((const struct sockaddr_in *)address)->sin_port);
	/* The listener's options (tcp.h) are inherited. */
	s->client = (struct side){
		.watch = {.fd = client_fd, .handle = handle_client}, .writable = true, .nodelay = true};
	s->upstream.watch = (struct loop_fd){.fd = -1, .handle = handle_upstream};
	s->dial = (struct dial){.by = &all->dialer, .side = &s->upstream};
	start(all, s);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void get_periods(const struct settings *s, int64_t periods[static SESSION_STATE_COUNT])
{
	/* Part of the times behind it, so it must be small against them. */
	int64_t fresh_ms = least(FRESH_MS, least(s->idle_timeout_ms, s->first_byte_timeout_ms) / 4);
	periods[SESSION_GUARD] = s->first_byte_timeout_ms;
	periods[SESSION_CONNECTING] = DIAL_STEP_MS;
	periods[SESSION_FRESH] = fresh_ms;
	periods[SESSION_SILENT] = least(s->idle_timeout_ms, s->first_byte_timeout_ms) - fresh_ms;
	periods[SESSION_SETTLED] = s->idle_timeout_ms;
	periods[SESSION_HALF] = least(s->half_closed_timeout_ms, s->idle_timeout_ms);
}

static void set_limits(struct sessions *all, size_t max, unsigned pipes_max)
{
	const struct settings *s = all->settings;
	all->max = max;
	all->max_per_client = s->max_connections_per_client;
	if (all->max_per_client == 0)
		all->max_per_client = max - max / 16;
	all->pipes.max = s->splice ? pipes_max : 0;
}

void sessions_init(struct sessions *all, struct loop *loop, struct upstreams *upstreams,
	struct networks *networks, struct report *report, const struct settings *settings, size_t max,
	unsigned pipes_max)
{
	int64_t periods[SESSION_STATE_COUNT];
	*all = (struct sessions){.loop = loop,
		.settings = settings,
		.networks = networks,
		.report = report,
		.dialer = {.loop = loop,
			.upstreams = upstreams,
			.settings = settings,
			.waits = handle_waits,
			.done = handle_done}};
	pipe_pool_init(&all->pipes, pipes_max);
	clients_init(&all->clients);
	get_periods(settings, periods);
	for (size_t state = 0; state < SESSION_STATE_COUNT; state++)
		expiry_init(&all->in_state[state], loop, periods[state], handle_expired);
	expiry_init(&all->aged, loop, settings->max_session_ms, handle_aged);
	set_limits(all, max, pipes_max);
}

void sessions_renew(struct sessions *all, size_t max, unsigned pipes_max)
{
	int64_t periods[SESSION_STATE_COUNT];
	get_periods(all->settings, periods);
	for (size_t state = 0; state < SESSION_STATE_COUNT; state++)
		expiry_set_period(&all->in_state[state], periods[state]);
	expiry_set_period(&all->aged, all->settings->max_session_ms);
	set_limits(all, max, pipes_max);
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
	while ((e = expiry_first(&all->aged)) != NULL)
		reset(container_of(e, struct session, age), "the relay ends");
	pipe_pool_free(&all->pipes);
}
