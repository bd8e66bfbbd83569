#include "sender.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "records/clock.h"
#include "records/system.h"
#include "scratch.h"

enum {
	BATCH = 16, /* messages a turn of the loop: children's lines come first */
	UDP_BATCH = 8,
	UDP_PACE_MS = 10,   /* between two batches: a collector's receive buffer is small */
	UDP_PROBE_MS = 200, /* by then the first datagram has come back as refused, if it does */
	UDP_RENEW_MS = 600000,
	CONNECT_TIMEOUT_MS = 5000,
	SLOW_MS = 1000, /* a stream that accepts nothing for so long is slow */
	BACK_OFF_MIN_MS = 1000,
	BACK_OFF_MAX_MS = 30000, /* also: a connection that lasted so long resets the back-off */
	TELL_GAP_MS = 10000,     /* between two lines about the state */
	ORIGIN_MS = 1000,        /* how long the host name and the clock's state are cached */
};

static void begin(struct sender *s);
static void handle_connect_deadline(struct sender *s);
static void handle_slow(struct sender *s);

/* One row per state: the action when its timer expires. */
static const struct {
	void (*at_deadline)(struct sender *);
} states[] = {
	[SENDER_OFF] = {NULL},
	[SENDER_NO_COLLECTOR] = {NULL},
	[SENDER_WAITING] = {begin},
	[SENDER_CONNECTING] = {handle_connect_deadline},
	[SENDER_SENDING] = {handle_slow},
	[SENDER_SLOW] = {NULL},
	[SENDER_FAILED] = {begin},
};
_Static_assert(sizeof(states) / sizeof(states[0]) == SENDER_STATE_COUNT, "one row a state");

static void text_of_collector(const struct sender *s, struct text *t)
{
	text_clear(t);
	if (s->wanted.any)
		text_add_collector(t, &s->wanted.collector);
}

static void tell_wanted(const struct sender *s)
{
	char collector[COLLECTOR_TEXT_MAX];
	struct text t = TEXT(collector);
	text_of_collector(s, &t);
	if (s->wanted.any)
		log_info("syslog: to %s, by %s", collector, s->wanted.by_dhcp ? "DHCP" : "the setting");
}

/* Logs the change of state since the last such line; not each attempt to connect. */
static void tell_state(struct sender *s)
{
	char collector[COLLECTOR_TEXT_MAX];
	struct text t = TEXT(collector);
	if (s->state == s->state_told || s->state == SENDER_CONNECTING)
		return;
	int64_t now = now_ms();
	if (now < s->told_ms + TELL_GAP_MS && s->told_ms > 0) {
		loop_arm(s->loop, &s->tell, s->told_ms + TELL_GAP_MS);
		return;
	}
	text_of_collector(s, &t);
	log_line(s->state == SENDER_FAILED || s->state == SENDER_SLOW ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
		"syslog: %s%s%s -> %s%s%s", collector, s->wanted.any ? ": " : "",
		sender_state_words[s->state_told], sender_state_words[s->state],
		s->error[0] != '\0' ? ": " : "", s->error);
	s->state_told = s->state;
	s->told_ms = now;
}

/* AFTER_MS: when the action of the state's row runs; -1: never. */
static void set_state(struct sender *s, enum sender_state state, int64_t after_ms)
{
	int64_t now = now_ms();
	if (after_ms >= 0)
		loop_arm(s->loop, &s->timer, now + after_ms);
	else
		loop_disarm(s->loop, &s->timer);
	if (state != SENDER_WAITING && state != SENDER_FAILED && state != SENDER_CONNECTING)
		s->error[0] = '\0';
	if (state != s->state) {
		s->state = state;
		s->since_ms = now;
		tell_state(s);
	}
	s->changed(s);
}

static bool is_open(const struct sender *s)
{
	return s->state == SENDER_SENDING || s->state == SENDER_SLOW;
}

/* Lines that the ring no longer has cannot be sent. */
static void skip_lost(struct sender *s)
{
	if (s->next.lines >= s->ring->first.lines)
		return;
	if (s->wanted.any) {
		s->lost += s->ring->first.lines - s->next.lines;
		if (s->state == SENDER_SENDING)
			set_state(s, SENDER_SLOW, -1);
	}
	s->next = s->ring->first;
}

/* Lines handed over that did not arrive are to be sent again, as far as the ring still has them. */
static void step_back(struct sender *s, uint64_t count)
{
	struct log_entry e;
	char line[LOG_LINE_BYTES_MAX];
	uint64_t from = s->next.lines - count;
	s->sent -= count;
	s->next = s->ring->first;
	if (from < s->next.lines)
		s->lost += s->next.lines - from;
	while (s->next.lines < from && ring_next(s->ring, &s->next, &e, line))
		;
}

/* Leaves the current peer. ERROR: the one that it failed with; DROP: lines in transit will be sent again. */
static void leave_peer(struct sender *s, int error, bool drop)
{
	if (s->transport.fd >= 0)
		step_back(s, transport_not_arrived(&s->transport, error));
	lookup_stop(&s->lookup);
	loop_disarm(s->loop, &s->renew);
	loop_withdraw(s->loop, &s->turn);
	loop_disarm(s->loop, &s->pace);
	loop_remove(s->loop, &s->watch);
	transport_close(&s->transport, drop);
	s->watch.fd = -1;
}

static bool is_no_way(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN || error == EHOSTDOWN ||
	       error == EADDRNOTAVAIL;
}

/* Backs off before the next attempt. */
static void back_off(struct sender *s, enum sender_state state)
{
	int64_t wait_ms = s->back_off_ms < BACK_OFF_MIN_MS ? BACK_OFF_MIN_MS : s->back_off_ms;
	s->back_off_ms = 2 * wait_ms < BACK_OFF_MAX_MS ? 2 * wait_ms : BACK_OFF_MAX_MS;
	set_state(s, state, wait_ms);
}

static void set_error(struct sender *s, const char *words)
{
	struct text t = TEXT(s->error);
	text_add_escaped(&t, words, strlen(words));
}

static void try_next_peer(struct sender *s);

/* The current peer failed: ERROR, or CLOSED by it. Tries the next address at once. */
static void fail_peer(struct sender *s, int error, const char *words)
{
	bool was_open = is_open(s);
	if (was_open && now_ms() - s->since_ms >= BACK_OFF_MAX_MS)
		s->back_off_ms = 0;
	leave_peer(s, error, true);
	set_error(s, words != NULL ? words : strerror(error));
	if (!was_open && s->peer_next < s->peer_count)
		try_next_peer(s);
	else
		back_off(s, is_no_way(error) ? SENDER_WAITING : SENDER_FAILED);
}

/* The events that the socket is watched for, besides errors; BUSY: until it takes bytes again. */
static uint32_t events_of(const struct sender *s, bool busy)
{
	uint32_t peer_speaks = s->wanted.collector.tcp ? EPOLLIN | EPOLLRDHUP : 0;
	return peer_speaks | (busy ? EPOLLOUT : 0);
}

static void try_next_peer(struct sender *s)
{
	const union peer *peer = &s->peers[s->peer_next++];
	bool tcp = s->wanted.collector.tcp;
	if (transport_open(&s->transport, tcp, peer) < 0) {
		fail_peer(s, errno, NULL);
		return;
	}
	s->watch.fd = s->transport.fd;
	s->watches_room = tcp;
	if (loop_add(s->loop, &s->watch, events_of(s, tcp)) < 0) {
		fail_peer(s, errno, NULL);
		return;
	}
	set_state(s, SENDER_CONNECTING, tcp ? CONNECT_TIMEOUT_MS : UDP_PROBE_MS);
	if (!tcp)
		loop_defer(s->loop, &s->turn);
}

static void arm_renew(struct sender *s)
{
	if (!s->wanted.collector.tcp && s->wanted.peer_count == 0)
		loop_arm(s->loop, &s->renew, now_ms() + UDP_RENEW_MS);
}

static void handle_renew(struct loop *loop, struct loop_timer *timer)
{
	struct sender *s = container_of(timer, struct sender, renew);
	const struct endpoint *e = &s->wanted.collector.endpoint;
	(void)loop;
	if (lookup_start(&s->lookup, e->host, e->port) < 0)
		arm_renew(s);
}

static void take_peers(struct sender *s, const struct lookup_answer *answer)
{
	s->peer_next = 0;
	s->peer_count = answer->count;
	memcpy(s->peers, answer->list, sizeof(s->peers));
	try_next_peer(s);
}

/* While sending: keeps the current peer as long as the name has its address, or cannot be resolved. */
static void take_renewed(struct sender *s, const struct lookup_answer *answer)
{
	arm_renew(s);
	if (answer == NULL || answer->error != 0)
		return;
	for (unsigned i = 0; i < answer->count; i++)
		if (memcmp(&answer->list[i], &s->peers[s->peer_next - 1], sizeof(answer->list[i])) == 0)
			return;
	leave_peer(s, 0, false);
	take_peers(s, answer);
}

static void handle_answer(struct lookup *l, const struct lookup_answer *answer)
{
	struct sender *s = container_of(l, struct sender, lookup);
	if (is_open(s)) {
		take_renewed(s, answer);
	} else if (answer != NULL && answer->error == 0) {
		take_peers(s, answer);
	} else {
		struct text t = TEXT(s->error);
		text_add(&t, "its name: %.100s",
			answer == NULL ? "no answer in time" : gai_strerror(answer->error));
		back_off(s, SENDER_WAITING);
	}
}

/* A round over the collector's addresses. A name is resolved again for each. */
static void begin(struct sender *s)
{
	s->begun_ms = now_ms();
	s->peer_next = 0;
	if (s->wanted.peer_count > 0) {
		s->peer_count = s->wanted.peer_count;
		memcpy(s->peers, s->wanted.peers, sizeof(s->peers));
		try_next_peer(s);
		return;
	}
	s->peer_count = 0;
	if (lookup_start(&s->lookup, s->wanted.collector.endpoint.host, s->wanted.collector.endpoint.port) <
		0) {
		set_error(s, strerror(errno));
		back_off(s, SENDER_WAITING);
		return;
	}
	if (s->error[0] == '\0')
		set_error(s, "its name is being looked up");
	set_state(s, s->state == SENDER_FAILED ? SENDER_FAILED : SENDER_WAITING, -1);
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

/* The first datagram's refusal may be unread until now: a guest can be paused. */
static void handle_connect_deadline(struct sender *s)
{
	int error = s->wanted.collector.tcp ? ETIMEDOUT : socket_error(s->transport.fd);
	if (error != 0) {
		fail_peer(s, error, NULL);
		return;
	}
	set_state(s, SENDER_SENDING, -1);
	arm_renew(s);
	loop_defer(s->loop, &s->turn);
}

static void handle_slow(struct sender *s)
{
	set_state(s, SENDER_SLOW, -1);
}

/* The host name, and how good the clock is. */
static void look_at_machine(struct sender *s)
{
	static struct utsname names;
	struct timespec clock, monotonic;
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &clock);
	/* In nanoseconds, so that a line never seems to be older than the one before by a millisecond. */
	s->origin.clock_ahead_ms = ((int64_t)(clock.tv_sec - monotonic.tv_sec) * 1000000000 +
					   (clock.tv_nsec - monotonic.tv_nsec)) /
				   1000000;
	int64_t now = now_ms();
	if (s->origin.host_name != NULL && now < s->origin_read_ms + ORIGIN_MS)
		return;
	s->origin_read_ms = now;
	s->origin.host_name = uname(&names) == 0 ? names.nodename : "-";
	record_read(&scratch.view, "init", "system"); /* empty when there is none */
	const char *source = record_get(&scratch.view, KEY_OF(system, clock_source));
	const char *ntp = record_get(&scratch.view, KEY_OF(system, clock_ntp));
	s->origin.clock_known = source == NULL || strcmp(source, "none") != 0;
	s->origin.clock_in_step = ntp != NULL && strcmp(ntp, clock_state_words[CLOCK_SYNCHRONISED]) == 0;
}

/* All lines are sent: now losses can be reported, in a line that is sent like any other. */
static void handle_drained(struct sender *s)
{
	if (s->state == SENDER_SLOW)
		set_state(s, SENDER_SENDING, -1);
	if (s->lost == s->lost_told)
		return;
	log_warnx("syslog: %llu lines were lost before they could be sent",
		(unsigned long long)(s->lost - s->lost_told));
	s->lost_told = s->lost;
}

/* After each try to send. Whether there may be more. */
static bool take_result(struct sender *s, enum transport_result result)
{
	if (result == TRANSPORT_FAILED) {
		fail_peer(s, errno, NULL);
		return false;
	}
	bool busy = result == TRANSPORT_BUSY;
	if (busy != s->watches_room && loop_change(s->loop, &s->watch, events_of(s, busy)) < 0) {
		fail_peer(s, errno, NULL);
		return false;
	}
	s->watches_room = busy;
	if (s->state == SENDER_SENDING && busy)
		set_state(s, SENDER_SENDING, SLOW_MS);
	else if (s->state == SENDER_SENDING)
		loop_disarm(s->loop, &s->timer);
	return !busy;
}

/* Whether a line was sent, and there may be more. */
static bool send_next(struct sender *s)
{
	struct log_entry e;
	char line[LOG_LINE_BYTES_MAX];
	skip_lost(s);
	struct ring_place behind = s->next;
	if (!ring_next(s->ring, &behind, &e, line)) {
		handle_drained(s);
		return false;
	}
	look_at_machine(s);
	size_t length = message_write(s->transport.frame + FRAME_HEAD_MAX, &e, behind.lines, &s->origin);
	s->next = behind;
	s->sent++;
	s->changed(s);
	return take_result(s, transport_send(&s->transport, length));
}

static void handle_turn(struct loop *loop, struct loop_turn *turn)
{
	struct sender *s = container_of(turn, struct sender, turn);
	bool tcp = s->wanted.collector.tcp;
	/* The first datagram goes alone: a missing collector then refuses only this one. */
	int batch = s->state == SENDER_CONNECTING ? 1 : tcp ? BATCH : UDP_BATCH;
	for (int i = 0; i < batch; i++)
		if (!send_next(s))
			return;
	if (tcp)
		loop_defer(loop, turn);
	else if (is_open(s))
		loop_arm(loop, &s->pace, now_ms() + UDP_PACE_MS);
	else
		loop_arm(loop, &s->timer, now_ms() + UDP_PROBE_MS);
}

static void handle_pace(struct loop *loop, struct loop_timer *timer)
{
	loop_defer(loop, &container_of(timer, struct sender, pace)->turn);
}

/* Collectors send nothing; anything that one sends is discarded. False: it has closed the connection. */
static bool drain_socket(const struct sender *s)
{
	char bytes[512];
	ssize_t got = recv(s->watch.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void handle_socket(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct sender *s = container_of(w, struct sender, watch);
	int error = events & (EPOLLERR | EPOLLHUP | EPOLLOUT) ? socket_error(w->fd) : 0;
	(void)loop;
	if (error != 0) {
		fail_peer(s, error, NULL);
		return;
	}
	if ((events & (EPOLLRDHUP | EPOLLHUP)) || (events & EPOLLIN && !drain_socket(s))) {
		fail_peer(s, ECONNRESET, "closed by the collector");
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	if (s->state == SENDER_CONNECTING && s->wanted.collector.tcp)
		set_state(s, SENDER_SENDING, -1);
	if (take_result(s, transport_flush(&s->transport)))
		loop_defer(s->loop, &s->turn);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	struct sender *s = container_of(timer, struct sender, timer);
	(void)loop;
	if (states[s->state].at_deadline != NULL)
		states[s->state].at_deadline(s);
}

static void handle_tell(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	tell_state(container_of(timer, struct sender, tell));
}

void sender_init(
	struct sender *s, struct loop *loop, const struct ring *ring, void (*changed)(struct sender *))
{
	*s = (struct sender){.loop = loop,
		.ring = ring,
		.changed = changed,
		.state = SENDER_NO_COLLECTOR,
		.state_told = SENDER_NO_COLLECTOR,
		.since_ms = now_ms(),
		.watch = {.fd = -1, .handle = handle_socket},
		.transport.fd = -1,
		.timer.handle = handle_deadline,
		.pace.handle = handle_pace,
		.renew.handle = handle_renew,
		.tell.handle = handle_tell,
		.turn.handle = handle_turn};
	lookup_init(&s->lookup, loop, handle_answer);
}

void sender_set(struct sender *s, const struct wanted *w)
{
	if (wanted_equal(w, &s->wanted))
		return;
	leave_peer(s, 0, false);
	skip_lost(s);
	s->wanted = *w;
	s->error[0] = '\0';
	s->back_off_ms = s->told_ms = 0;
	tell_wanted(s);
	if (w->any)
		begin(s);
	else
		set_state(s, w->off ? SENDER_OFF : SENDER_NO_COLLECTOR, -1);
}

void sender_wake(struct sender *s)
{
	skip_lost(s);
	bool first = s->state == SENDER_CONNECTING && !s->wanted.collector.tcp && s->transport.count == 0;
	if ((is_open(s) || first) && !transport_is_busy(&s->transport) && s->pace.previous == NULL)
		loop_defer(s->loop, &s->turn);
}

void sender_retry(struct sender *s)
{
	if (s->transport.fd >= 0 && transport_is_stranded(&s->transport))
		fail_peer(s, EADDRNOTAVAIL, "the address it was sent from is gone");
	if (s->timer.previous == NULL || (s->state != SENDER_WAITING && s->state != SENDER_FAILED))
		return;
	s->back_off_ms = 0;
	loop_arm(s->loop, &s->timer, s->begun_ms + BACK_OFF_MIN_MS);
}

uint64_t sender_sent(struct sender *s)
{
	/* The first datagram may still come back as refused. */
	uint64_t sent = s->sent - (s->state == SENDER_CONNECTING ? s->transport.count : 0);
	if (sent > s->sent_most)
		s->sent_most = sent;
	return s->sent_most;
}

uint64_t sender_queued(const struct sender *s)
{
	return s->wanted.any ? s->ring->end.lines - s->next.lines : 0;
}

void sender_free(struct sender *s)
{
	leave_peer(s, 0, false);
	loop_disarm(s->loop, &s->timer);
	loop_disarm(s->loop, &s->tell);
}
