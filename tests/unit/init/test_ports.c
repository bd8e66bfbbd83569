/* A declared port counts as listened to when the network can reach it: TCP and UDP, both families, and not on
 * loopback alone. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "children.h"
#include "common/net_text.h"
#include "common/record.h"
#include "ports.h"
#include "unit/common/folder.h"

static struct appliance appliance;
static struct children children;
static struct child *service = &children.child[0];
static int sockets[64];
static size_t socket_count;

static int setup(void **state)
{
	memset(&appliance, 0, sizeof(appliance));
	memset(&children, 0, sizeof(children));
	children.appliance = &appliance;
	children.count = 1;
	*service = (struct child){.program = {.name = "daemon", .user = "service", .is_service = true},
		.state = CHILD_RUNNING,
		.since_ms = now_ms()};
	return folder_setup(state) < 0 || record_make_folder("init") < 0 || record_make_folder("service") < 0
		       ? -1
		       : 0;
}

static int teardown(void **state)
{
	while (socket_count > 0)
		close(sockets[--socket_count]);
	return folder_teardown(state);
}

/* A socket of TYPE bound to ADDRESS in text and to PORT, 0 for any; returns the port. */
static unsigned bound(int type, const char *address, unsigned port)
{
	struct endpoint e;
	char text[80];
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = {0};
	socklen_t length = sizeof(a);
	const int on = 1;
	snprintf(text, sizeof(text), "%s:1", address);
	assert_true(endpoint_parse(&e, text, strlen(text)));
	if (strchr(address, '[') == NULL) {
		a.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
		inet_pton(AF_INET, e.host, &a.in.sin_addr);
	} else {
		a.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		inet_pton(AF_INET6, e.host, &a.in6.sin6_addr);
	}
	int fd = socket(a.any.sa_family, type, 0);
	assert_true(fd >= 0);
	sockets[socket_count++] = fd;
	if (a.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(bind(fd, &a.any, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, &a.any, &length), 0);
	return ntohs(a.in.sin_port);
}

static void declare(unsigned port, const char *protocol)
{
	snprintf(
		appliance.ports[appliance.port_count++], sizeof(appliance.ports[0]), "%u/%s", port, protocol);
}

/* What the record says of port N after one more look. */
static const char *told(unsigned n)
{
	static struct record_view v;
	children.ports_looked_ms -= PORT_PAUSE_MS;
	if (ports_look(&children, service))
		child_write_record(&children, service);
	assert_int_equal(record_read(&v, "init", "service"), 0);
	const char *word = record_get_item(&v, "port_state", n);
	return word == NULL ? "" : word;
}

static void tcp_of_both_families(void **state)
{
	(void)state;
	declare(bound(SOCK_STREAM, "0.0.0.0", 0), "tcp");
	declare(bound(SOCK_STREAM, "[::]", 0), "tcp");
	child_write_record(&children, service);
	assert_string_equal(told(1), "starting"); /* bound, not listening */
	listen(sockets[0], 1);
	assert_string_equal(told(1), "listening");
	assert_string_equal(told(2), "starting");
	listen(sockets[1], 1);
	assert_string_equal(told(2), "listening");
}

static void udp_of_both_families(void **state)
{
	(void)state;
	unsigned four = bound(SOCK_DGRAM, "0.0.0.0", 0), six = bound(SOCK_DGRAM, "[::]", 0);
	declare(four, "udp");
	declare(six, "udp");
	assert_string_equal(told(1), "listening");
	assert_string_equal(told(2), "listening");
}

static void other_protocol_does_not_count(void **state)
{
	(void)state;
	declare(bound(SOCK_DGRAM, "0.0.0.0", 0), "tcp");
	child_write_record(&children, service);
	assert_string_equal(told(1), "starting");
}

static void loopback_alone_is_told(void **state)
{
	(void)state;
	unsigned port = bound(SOCK_STREAM, "127.0.0.9", 0);
	declare(port, "tcp");
	declare(bound(SOCK_DGRAM, "[::1]", 0), "udp");
	listen(sockets[0], 1);
	assert_string_equal(told(1), "loopback");
	assert_string_equal(told(2), "loopback");
	bound(SOCK_STREAM, "[::]", port);
	listen(sockets[2], 1);
	assert_string_equal(told(1), "listening");
}

/* Nothing is wrong with a service that takes its time, until it takes too much. */
static void missing_after_a_while(void **state)
{
	(void)state;
	declare(bound(SOCK_STREAM, "0.0.0.0", 0), "tcp");
	child_write_record(&children, service);
	assert_string_equal(told(1), "starting");
	service->since_ms -= PORT_PATIENCE_MS;
	assert_string_equal(told(1), "missing");
	listen(sockets[0], 1);
	assert_string_equal(told(1), "listening");
}

static void lost_later(void **state)
{
	(void)state;
	declare(bound(SOCK_STREAM, "[::]", 0), "tcp");
	listen(sockets[0], 1);
	assert_string_equal(told(1), "listening");
	close(sockets[0]);
	socket_count = 0;
	assert_string_equal(told(1), "lost");
	service->since_ms -= PORT_PATIENCE_MS;
	assert_string_equal(told(1), "lost");
}

/* A service with a record of its own, the relay, tells there what it listens on. */
static void own_record_goes_before(void **state)
{
	static struct record r;
	(void)state;
	declare(bound(SOCK_STREAM, "0.0.0.0", 0), "tcp");
	child_write_record(&children, service);
	assert_string_equal(told(1), "starting");
	record_begin(&r);
	record_add(&r, "state", "ready");
	assert_int_equal(record_commit(&r, "service", "relay"), 0);
	assert_string_equal(told(1), "");
}

static void says_nothing_while_the_service_does_not_run(void **state)
{
	(void)state;
	declare(bound(SOCK_DGRAM, "0.0.0.0", 0), "udp");
	service->state = CHILD_WAITING;
	child_write_record(&children, service);
	assert_string_equal(told(1), "");
}

/* As net/ipv4/tcp_ipv4.c, udp.c and their IPv6 twins write them; the heads of the tables are none. */
static void rows_of_the_kernel(void **state)
{
	struct port_row row;
	(void)state;
	assert_true(port_row_parse(&row, "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:0000"));
	assert_true(row.port == 8080 && row.state == 0x0a && row.loopback);
	assert_true(port_row_parse(&row, "4294: 050200C0:0050 0600C0C0:D431 01"));
	assert_true(row.port == 80 && row.state == 1 && !row.loopback);
	assert_true(port_row_parse(&row, "  12: 00000000000000000000000001000000:0035 "
					 "00000000000000000000000000000000:0000 07 0"));
	assert_true(row.port == 53 && row.state == 7 && row.loopback);
	assert_true(port_row_parse(&row, "  12: 0000000000000000FFFF00000100007F:0035 "
					 "00000000000000000000000000000000:0000 0A 0"));
	assert_true(row.loopback);
	static const char *const bad[] = {"", ":", "  sl  local_address rem_address   st tx_queue",
		"0: ", "   0: 0100007F:1F90 00000000:0000 0", "   0: 0100007F:1F9Z 00000000:0000 0A",
		"   0: 0100007F1F90 00000000:00000 0A 0", "   0: 01000:1F90 00000000:0000 0A 000000000"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(port_row_parse(&row, bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tcp_of_both_families, setup, teardown),
		cmocka_unit_test_setup_teardown(udp_of_both_families, setup, teardown),
		cmocka_unit_test_setup_teardown(other_protocol_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(loopback_alone_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_after_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_later, setup, teardown),
		cmocka_unit_test_setup_teardown(own_record_goes_before, setup, teardown),
		cmocka_unit_test_setup_teardown(says_nothing_while_the_service_does_not_run, setup, teardown),
		cmocka_unit_test(rows_of_the_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
