/* A session goes from connecting to fresh to settled, and ends from each of these states as it should. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/record.h"
#include "relay.h"
#include "tcp.h"
#include "unit/common/folder.h"

enum { IDLE_TIMEOUT_MS = 400, DEADLINE_MS = 20000 };

static struct relay relay;
static struct sessions *const sessions = &relay.sessions;
static int upstream_listener, client;

static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* The client's end is in `client`; the other one is returned as accept4() would have done. */
static int make_client(void)
{
	uint16_t port;
	int listener = listen_somewhere(&port);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd >= 0);
	close(listener);
	return fd;
}

static void accept_client(void)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int fd = make_client();
	assert_int_equal(getpeername(fd, (struct sockaddr *)&address, &size), 0);
	sessions_accept(sessions, fd, (struct sockaddr *)&address);
}

static void ignore_change(struct upstreams *all)
{
	(void)all;
}

static int setup(void **state)
{
	uint16_t port;
	char name[32];
	(void)state;
	memset(&relay, 0, sizeof(relay));
	upstream_listener = listen_somewhere(&port);
	snprintf(name, sizeof(name), "127.0.0.1:%u", port);
	relay.settings = (struct settings){.item_count = 1,
		.item[0].literal = true,
		.allow.count = 1,
		.connect_timeout_ms = 4000,
		.first_byte_timeout_ms = 10 * IDLE_TIMEOUT_MS,
		.idle_timeout_ms = IDLE_TIMEOUT_MS,
		.half_closed_timeout_ms = IDLE_TIMEOUT_MS,
		.max_session_ms = 1000 * IDLE_TIMEOUT_MS,
		.splice = true};
	if (!endpoint_parse(&relay.settings.item[0].endpoint, name, strlen(name)) ||
		!prefix_parse(&relay.settings.allow.list[0], "127.0.0.0/8", 11) ||
		loop_init(&relay.loop) < 0 || record_make_folder("service") < 0)
		return -1;
	relay.networks.notifications.fd = -1;
	report_init(&relay.report, &relay.loop, &relay);
	upstreams_init(&relay.upstreams, &relay.loop, &relay.settings, &relay.networks, ignore_change);
	discovery_init(&relay.discovery, &relay.loop, &relay.upstreams, &relay.settings);
	sessions_init(sessions, &relay.loop, &relay.upstreams, &relay.networks, &relay.report,
		&relay.settings, 2, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sessions_free(sessions);
	discovery_free(&relay.discovery);
	upstreams_free(&relay.upstreams);
	loop_free(&relay.loop);
	close(client);
	close(upstream_listener);
	return sessions->count == 0 && sessions->pipes.count == 0 ? 0 : -1;
}

/* How many are in STATE. */
static unsigned count(enum session_state state)
{
	unsigned n = 0;
	const struct expiry_entry *head = &sessions->in_state[state].head;
	for (const struct expiry_entry *e = head->next; e != head; e = e->next)
		n++;
	return n;
}

#define run_until(condition)                                                                                 \
	do {                                                                                                 \
		int64_t end = now_ms() + DEADLINE_MS;                                                        \
		while (!(condition) && now_ms() < end)                                                       \
			assert_int_equal(loop_once(&relay.loop, 50), 0);                                     \
		assert_true(condition);                                                                      \
	} while (0)

static void assert_client_was_reset(void)
{
	char c;
	assert_int_equal(recv(client, &c, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void test_no_upstream(void **state)
{
	(void)state;
	relay.settings.item_count = 0;
	accept_client();
	assert_int_equal(sessions->count, 0);
	assert_int_equal(counts_refused(&sessions->counts), 1);
	assert_int_equal(sessions->accepted, 0);
	assert_client_was_reset();
}

static void test_limit(void **state)
{
	(void)state;
	int first, second;
	accept_client();
	first = client;
	accept_client();
	second = client;
	assert_int_equal(sessions->count, 2);
	accept_client();
	assert_int_equal(sessions->count, 2);
	assert_int_equal(counts_refused(&sessions->counts), 1);
	assert_client_was_reset();
	close(first);
	close(second);
}

static void test_course(void **state)
{
	char c;
	(void)state;
	accept_client();
	assert_int_equal(count(SESSION_CONNECTING), 1);
	assert_int_equal(send(client, "x", 1, 0), 1);
	run_until(count(SESSION_FRESH) == 1);
	assert_int_equal(sessions->bytes_to_upstream, 1);
	int host = accept(upstream_listener, NULL, NULL);
	assert_int_equal(recv(host, &c, 1, 0), 1);
	run_until(count(SESSION_SETTLED) == 1);
	assert_int_equal(send(host, "yz", 2, 0), 2);
	run_until(sessions->bytes_to_client == 2);
	assert_int_equal(recv(client, &c, 1, 0), 1);
	assert_int_equal(recv(client, &c, 1, 0), 1);
	run_until(sessions->count == 0); /* idle */
	assert_client_was_reset();
	assert_int_equal(recv(host, &c, 1, 0), -1);
	assert_int_equal(sessions->failed, 0);
	close(host);
}

static void test_refused_by_the_upstream(void **state)
{
	(void)state;
	close(upstream_listener);
	upstream_listener = -1;
	accept_client();
	run_until(sessions->count == 0);
	assert_int_equal(sessions->failed, 1);
	assert_int_equal(relay.upstreams.list[0]->state, UPSTREAM_DOWN);
	assert_client_was_reset();
}

static void test_not_allowed(void **state)
{
	(void)state;
	assert_true(prefix_parse(&relay.settings.allow.list[0], "10.0.0.0/8", 10));
	accept_client();
	assert_int_equal(sessions->count, 0);
	assert_int_equal(sessions->counts.of[REFUSED_NOT_ALLOWED], 1);
	assert_client_was_reset();
	relay.settings.allow.on_link = true;
	assert_true(prefix_parse(&relay.networks.on_link.list[0], "127.0.0.0/30", 12));
	relay.networks.on_link.count = 1;
	close(client);
	accept_client();
	assert_int_equal(sessions->count, 1);
}

static void test_limit_of_a_client(void **state)
{
	int first;
	(void)state;
	relay.settings.max_connections_per_client = 1;
	sessions_renew(sessions, 16, 4);
	accept_client();
	first = client;
	accept_client();
	assert_int_equal(sessions->counts.of[REFUSED_CLIENT_FULL], 1);
	assert_client_was_reset();
	close(client);
	relay.settings.max_connections_per_client = 0;
	sessions_renew(sessions, 16, 4);
	assert_int_equal(sessions->max_per_client, 15);
	accept_client();
	assert_int_equal(sessions->count, 2);
	close(first);
}

/* Nobody has said anything: the first bytes are waited for, not the idle time. */
static void test_silent(void **state)
{
	(void)state;
	relay.settings.first_byte_timeout_ms = IDLE_TIMEOUT_MS;
	relay.settings.idle_timeout_ms = 1000 * IDLE_TIMEOUT_MS;
	sessions_renew(sessions, 2, 4);
	accept_client();
	run_until(count(SESSION_SILENT) == 1);
	run_until(sessions->count == 0);
	assert_int_equal(sessions->counts.of[REFUSED_FIRST_BYTE], 1);
	assert_client_was_reset();
}

static void test_half_closed(void **state)
{
	(void)state;
	relay.settings.idle_timeout_ms = 1000 * IDLE_TIMEOUT_MS;
	relay.settings.first_byte_timeout_ms = 1000 * IDLE_TIMEOUT_MS;
	sessions_renew(sessions, 2, 4);
	accept_client();
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	run_until(count(SESSION_HALF) == 1);
	run_until(sessions->count == 0);
	assert_int_equal(sessions->counts.of[CLOSED_IDLE], 1);
	assert_client_was_reset();
}

static void test_session_time(void **state)
{
	(void)state;
	relay.settings.max_session_ms = IDLE_TIMEOUT_MS / 2;
	sessions_renew(sessions, 2, 4);
	accept_client();
	int64_t end = now_ms() + DEADLINE_MS;
	while (sessions->count > 0 && now_ms() < end) {
		assert_int_equal(send(client, "x", 1, 0), 1); /* whatever it does */
		assert_int_equal(loop_once(&relay.loop, 5), 0);
	}
	assert_int_equal(sessions->counts.of[CLOSED_SESSION_TIME], 1);
}

static void test_guard(void **state)
{
	static const char uuid[] = "51c82175-844e-4750-b0d8-ec255555bc06";
	(void)state;
	assert_true(uuid_parse(&relay.settings.guarded[0], uuid, strlen(uuid)));
	relay.settings.guard = true;
	relay.settings.guarded_count = 1;
	accept_client();
	assert_int_equal(count(SESSION_GUARD), 1);
	assert_int_equal(send(client, "GET", 3, 0), 3);
	run_until(sessions->count == 0);
	assert_int_equal(sessions->counts.of[REFUSED_GUARD], 1);
	assert_int_equal(relay.upstreams.list[0]->state, UPSTREAM_UNKNOWN); /* nobody asked it */
	assert_client_was_reset();
}

/* Nobody reads it off the backlog, yet it must end with its peer. */
static void test_client_resets_while_fresh(void **state)
{
	(void)state;
	accept_client();
	run_until(count(SESSION_FRESH) == 1);
	tcp_set_reset_on_close(client);
	close(client);
	client = -1;
	run_until(sessions->count == 0);
	assert_int_equal(sessions->failed, 0);
}

/* More than one turn's bytes, all of them received, and then RST: they are passed on before it is. */
static void test_what_came_before_a_reset_is_passed_on(void **state)
{
	enum { SENT = 150 * 1024, BUFFER = 1024 * 1024 };
	static char bytes[SENT];
	const int buffer = BUFFER;
	int unsent = SENT, received = 0;
	ssize_t got;
	(void)state;
	sessions_renew(sessions, 2, 0); /* no pipes: copied */
	accept_client();
	run_until(count(SESSION_FRESH) == 1);
	struct session *s = container_of(sessions->in_state[SESSION_FRESH].head.next, struct session, expiry);
	int host = accept(upstream_listener, NULL, NULL);
	const int sockets[] = {host, s->upstream.watch.fd, s->client.watch.fd, client}; /* the bytes' way */
	for (int i = 0; i < 4; i++)
		assert_int_equal(setsockopt(sockets[i], SOL_SOCKET, i % 2 == 0 ? SO_SNDBUF : SO_RCVBUF,
					 &buffer, sizeof(buffer)),
			0);
	assert_int_equal(send(host, bytes, SENT, 0), SENT);
	for (int64_t end = now_ms() + DEADLINE_MS; unsent > 0 && now_ms() < end; usleep(1000))
		assert_int_equal(ioctl(host, SIOCOUTQ, &unsent), 0);
	assert_int_equal(unsent, 0);
	tcp_set_reset_on_close(host);
	close(host);
	run_until(sessions->count == 0);
	while ((got = recv(client, bytes, sizeof(bytes), 0)) > 0)
		received += (int)got;
	assert_int_equal(received, SENT);
	assert_int_equal(errno, ECONNRESET);
}

static void test_drain_ends_with_the_last_session(void **state)
{
	(void)state;
	accept_client();
	run_until(count(SESSION_FRESH) == 1);
	sessions_drain(sessions);
	assert_false(relay.loop.stopped);
	int host = accept(upstream_listener, NULL, NULL);
	close(client);
	close(host);
	client = -1;
	run_until(relay.loop.stopped);
	assert_int_equal(sessions->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_upstream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_course, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_by_the_upstream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_resets_while_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_of_a_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_session_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_came_before_a_reset_is_passed_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drain_ends_with_the_last_session, setup, teardown),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
