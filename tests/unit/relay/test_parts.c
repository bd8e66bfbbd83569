/* Small parts: percentiles lie in their bucket, lines of log are bounded, clients are counted, routes are
 * told apart. */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clients.h"
#include "counts.h"
#include "histogram.h"
#include "log_limit.h"
#include "common/networks.h"

static void test_percentiles(void **state)
{
	struct histogram h = {0};
	(void)state;
	assert_int_equal(histogram_percentile(&h, 50), 0);
	for (uint64_t value = 1; value <= 100; value++)
		histogram_add(&h, value);
	assert_int_equal(histogram_percentile(&h, 50), 50);
	assert_int_equal(histogram_percentile(&h, 99), 100);
	assert_int_equal(histogram_percentile(&h, 1), 1);
	histogram_add(&h, UINT64_MAX);
	assert_int_equal(histogram_percentile(&h, 100), 1000000000);
	h = (struct histogram){0};
	histogram_add(&h, 0);
	assert_int_equal(histogram_percentile(&h, 99), 1);
	for (int i = 0; i < 99; i++)
		histogram_add(&h, 201);
	assert_int_equal(histogram_percentile(&h, 50), 500);
}

static struct in6_addr address(unsigned number)
{
	struct in6_addr a = {0};
	memcpy(&a, &number, sizeof(number));
	return a;
}

static void test_one_line_for_each_client_a_minute(void **state)
{
	static struct log_limit l;
	struct in6_addr one = address(1), other = address(2);
	unsigned held_back;
	(void)state;
	assert_true(log_limit_allows(&l, &one, 1000, &held_back));
	assert_false(log_limit_allows(&l, &one, 1000 + LOG_CLIENT_MS - 1, &held_back));
	assert_true(log_limit_allows(&l, &other, 1000, &held_back));
	assert_true(log_limit_allows(&l, &one, 1000 + LOG_CLIENT_MS, &held_back));
	assert_int_equal(held_back, 0);
}

static void test_lines_of_many_clients(void **state)
{
	static struct log_limit l;
	unsigned lines = 0, held_back = 0, told = 0;
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		struct in6_addr a = address(i % 1000);
		if (log_limit_allows(&l, &a, 5000 + i, &held_back)) {
			lines++;
			told += held_back;
		}
	}
	assert_int_equal(lines, LOG_WINDOW_LINES);
	struct in6_addr a = address(77777);
	assert_true(log_limit_allows(&l, &a, 5000 + LOG_WINDOW_MS, &held_back));
	assert_true(told + held_back > 9000);
}

static void test_clients_are_counted(void **state)
{
	static struct clients c;
	static struct client *taken[5000];
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct in6_addr a = address(i / 2);
		taken[i] = clients_take(&c, &a);
		assert_non_null(taken[i]);
		assert_int_equal(taken[i]->session_count, 1 + i % 2);
	}
	for (unsigned i = 0; i < 5000; i++)
		clients_give(&c, taken[i]);
	for (unsigned i = 0; i < CLIENT_BUCKETS; i++)
		assert_null(c.bucket[i]);
}

static void test_sum_of_refusals(void **state)
{
	struct counts c = {.of = {[REFUSED_GUARD] = 2, [REFUSED_NOT_ALLOWED] = 3, [CLOSED_IDLE] = 100}};
	(void)state;
	assert_int_equal(counts_refused(&c), 5);
}

/* A route as the kernel tells it. */
struct route {
	struct rtmsg head;
	uint8_t attributes[64];
	size_t bytes;
};

static void add_attribute(struct route *r, uint16_t type, const void *value, size_t length)
{
	struct rtattr a = {.rta_type = type, .rta_len = (uint16_t)(sizeof(a) + length)};
	memcpy(r->attributes + r->bytes, &a, sizeof(a));
	memcpy(r->attributes + r->bytes + sizeof(a), value, length);
	r->bytes += netlink_align(sizeof(a) + length);
}

static struct route make_route(int table, int type, const char *destination, unsigned length)
{
	struct route r = {.head = {.rtm_family = strchr(destination, ':') ? AF_INET6 : AF_INET,
				  .rtm_dst_len = (uint8_t)length,
				  .rtm_table = (uint8_t)table,
				  .rtm_type = (uint8_t)type}};
	struct in6_addr a;
	uint32_t ifindex = 2;
	assert_int_equal(inet_pton(r.head.rtm_family, destination, &a), 1);
	add_attribute(&r, RTA_DST, &a, r.head.rtm_family == AF_INET ? 4 : 16);
	add_attribute(&r, RTA_OIF, &ifindex, sizeof(ifindex));
	return r;
}

static enum route_kind kind_of(const struct route *r, struct prefix *p)
{
	uint8_t bytes[sizeof(r->head) + sizeof(r->attributes)];
	memcpy(bytes, &r->head, sizeof(r->head));
	memcpy(bytes + sizeof(r->head), r->attributes, r->bytes);
	struct netlink_message m = {
		.type = RTM_NEWROUTE, .payload = bytes, .payload_bytes = sizeof(r->head) + r->bytes};
	enum route_kind kind = route_parse(&m, p);
	for (m.payload_bytes = 0; m.payload_bytes < sizeof(r->head) + r->bytes; m.payload_bytes++)
		route_parse(&m, p); /* cut: no harm */
	m.payload_bytes = sizeof(r->head) + r->bytes;
	assert_int_equal(route_parse(&m, p), kind);
	return kind;
}

static void test_routes(void **state)
{
	struct prefix p;
	uint32_t gateway = 1;
	(void)state;
	struct route r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "192.0.2.0", 24);
	assert_int_equal(kind_of(&r, &p), ROUTE_ON_LINK);
	assert_int_equal(p.length, 96 + 24);
	add_attribute(&r, RTA_GATEWAY, &gateway, sizeof(gateway));
	assert_int_equal(kind_of(&r, &p), ROUTE_OTHER);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "2001:db8::", 64);
	assert_int_equal(kind_of(&r, &p), ROUTE_ON_LINK);
	assert_int_equal(p.length, 64);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "0.0.0.0", 0); /* default by a point-to-point link */
	assert_int_equal(kind_of(&r, &p), ROUTE_OTHER);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "10.0.0.0", 8);
	assert_int_equal(kind_of(&r, &p), ROUTE_ON_LINK);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "10.0.0.0", 7);
	assert_int_equal(kind_of(&r, &p), ROUTE_TOO_WIDE);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "2001:db8::", 32);
	assert_int_equal(kind_of(&r, &p), ROUTE_ON_LINK);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "2000::", 3);
	assert_int_equal(kind_of(&r, &p), ROUTE_TOO_WIDE);
	r = make_route(RT_TABLE_MAIN, RTN_UNREACHABLE, "10.0.0.0", 8);
	assert_int_equal(kind_of(&r, &p), ROUTE_OTHER);
	r = make_route(100, RTN_UNICAST, "10.0.0.0", 8);
	assert_int_equal(kind_of(&r, &p), ROUTE_OTHER);
	r = make_route(RT_TABLE_LOCAL, RTN_LOCAL, "192.0.2.2", 32);
	assert_int_equal(kind_of(&r, &p), ROUTE_OWN);
	r = make_route(RT_TABLE_LOCAL, RTN_MULTICAST, "ff00::", 8);
	assert_int_equal(kind_of(&r, &p), ROUTE_OTHER);
	r = make_route(RT_TABLE_MAIN, RTN_UNICAST, "192.0.2.0", 33);
	assert_int_equal(kind_of(&r, &p), ROUTE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_one_line_for_each_client_a_minute),
		cmocka_unit_test(test_lines_of_many_clients),
		cmocka_unit_test(test_clients_are_counted),
		cmocka_unit_test(test_sum_of_refusals),
		cmocka_unit_test(test_routes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
