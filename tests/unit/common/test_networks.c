/* Routes are told apart: networks on the link, addresses of this machine, and all others. */
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/networks.h"

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
		cmocka_unit_test(test_routes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
