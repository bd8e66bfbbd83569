/* rtnetlink messages are read as the kernel writes them; cut or lying ones are refused, never read past. */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "netlink_parse.h"

enum { MESSAGE_BYTES_MAX = 1024 };

struct builder {
	size_t used;
	uint8_t bytes[MESSAGE_BYTES_MAX];
};

static void begin(struct builder *b, uint16_t type, const void *body, size_t length)
{
	struct nlmsghdr header = {.nlmsg_type = type, .nlmsg_seq = 7};
	memset(b, 0, sizeof(*b));
	memcpy(b->bytes, &header, sizeof(header));
	memcpy(b->bytes + sizeof(header), body, length);
	b->used = sizeof(header) + NLMSG_ALIGN(length);
}

static void attribute(struct builder *b, uint16_t type, const void *value, size_t length)
{
	struct rtattr header = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(length)};
	memcpy(b->bytes + b->used, &header, sizeof(header));
	memcpy(b->bytes + b->used + sizeof(header), value, length);
	b->used += RTA_SPACE(length);
}

static void end(struct builder *b)
{
	uint32_t length = (uint32_t)b->used;
	memcpy(b->bytes + offsetof(struct nlmsghdr, nlmsg_len), &length, sizeof(length));
}

static struct netlink_message message(const struct builder *b)
{
	struct netlink_message m;
	size_t at = 0;
	assert_true(netlink_next(b->bytes, b->used, &at, &m));
	assert_int_equal(at, b->used);
	return m;
}

static void build_link(struct builder *b, const char *name)
{
	struct ifinfomsg head = {.ifi_index = 3, .ifi_type = 1, .ifi_flags = 0x11043};
	uint32_t mtu = 1500, max_mtu = 9000, group = 116, carrier_ups = 2;
	begin(b, RTM_NEWLINK, &head, sizeof(head));
	attribute(b, IFLA_IFNAME, name, strlen(name) + 1);
	attribute(b, IFLA_MTU, &mtu, sizeof(mtu));
	attribute(b, IFLA_MAX_MTU, &max_mtu, sizeof(max_mtu));
	attribute(b, IFLA_GROUP, &group, sizeof(group));
	attribute(b, IFLA_CARRIER_UP_COUNT, &carrier_ups, sizeof(carrier_ups));
	attribute(b, IFLA_ADDRESS, "\x02\0\0\0\x01\x01", 6);
	end(b);
}

static void build_address6(struct builder *b)
{
	struct ifaddrmsg head = {
		.ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_index = 3, .ifa_flags = 0x80};
	struct ifa_cacheinfo cache = {.ifa_prefered = 100, .ifa_valid = 200};
	uint8_t ip[16];
	uint32_t flags = IFA_F_DEPRECATED | IFA_F_NOPREFIXROUTE;
	inet_pton(AF_INET6, "2001:db8::1", ip);
	begin(b, RTM_NEWADDR, &head, sizeof(head));
	attribute(b, IFA_ADDRESS, ip, sizeof(ip));
	attribute(b, IFA_CACHEINFO, &cache, sizeof(cache));
	attribute(b, IFA_FLAGS, &flags, sizeof(flags));
	attribute(b, IFA_PROTO, "\x74", 1);
	end(b);
}

static void build_route(struct builder *b, uint8_t destination_length, uint32_t table)
{
	struct rtmsg head = {.rtm_family = AF_INET,
		.rtm_dst_len = destination_length,
		.rtm_protocol = RTPROT_DHCP,
		.rtm_type = RTN_UNICAST};
	uint32_t ifindex = 3, metric = 1002;
	begin(b, RTM_NEWROUTE, &head, sizeof(head));
	attribute(b, RTA_TABLE, &table, sizeof(table));
	attribute(b, RTA_OIF, &ifindex, sizeof(ifindex));
	attribute(b, RTA_PRIORITY, &metric, sizeof(metric));
	attribute(b, RTA_GATEWAY, "\xc0\0\x02\x01", 4);
	end(b);
}

static void build_multipath(struct builder *b, unsigned hops)
{
	struct rtmsg head = {.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_type = RTN_UNICAST};
	uint8_t list[MESSAGE_BYTES_MAX / 2];
	size_t used = 0;
	begin(b, RTM_NEWROUTE, &head, sizeof(head));
	for (unsigned i = 0; i < hops; i++) {
		struct rtnexthop hop = {.rtnh_len = sizeof(hop) + RTA_SPACE(4), .rtnh_ifindex = (int)i + 1};
		struct rtattr gateway = {.rta_type = RTA_GATEWAY, .rta_len = RTA_LENGTH(4)};
		uint8_t ip[4] = {192, 0, 2, (uint8_t)i};
		memcpy(list + used, &hop, sizeof(hop));
		memcpy(list + used + sizeof(hop), &gateway, sizeof(gateway));
		memcpy(list + used + sizeof(hop) + sizeof(gateway), ip, sizeof(ip));
		used += hop.rtnh_len;
	}
	attribute(b, RTA_MULTIPATH, list, used);
	end(b);
}

static void assert_ip(const struct ip *ip, const char *expected)
{
	char buffer[64];
	struct text t = TEXT(buffer);
	text_add_ip(&t, ip);
	assert_string_equal(buffer, expected);
}

static void link_is_read(void **state)
{
	struct builder b;
	struct link_info link;
	struct netlink_message m;
	(void)state;
	build_link(&b, "eth0");
	m = message(&b);
	assert_true(parse_link(&m, &link));
	assert_int_equal(link.ifindex, 3);
	assert_string_equal(link.ifname, "eth0");
	assert_int_equal(link.mtu, 1500);
	assert_int_equal(link.max_mtu, 9000);
	assert_int_equal(link.group, 116);
	assert_int_equal(link.carrier_ups, 2);
	assert_int_equal(link.flags, 0x11043);
	assert_true(link.has_mac);
	assert_memory_equal(link.mac, "\x02\0\0\0\x01\x01", 6);
}

static void names_that_are_no_file_names_are_refused(void **state)
{
	const char *const bad[] = {
		"", ".", "..", ".new", "a/b", "a b", "eth\x1b", "eth\x80", "0123456789abcdef"};
	struct builder b;
	struct link_info link;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		build_link(&b, bad[i]);
		struct netlink_message m = message(&b);
		if (parse_link(&m, &link))
			fail_msg("taken: \"%s\"", bad[i]);
	}
}

static void address_is_read(void **state)
{
	struct builder b;
	struct address_info address;
	struct ifaddrmsg head = {
		.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 3, .ifa_flags = 0x80};
	(void)state;
	build_address6(&b);
	struct netlink_message m = message(&b);
	assert_true(parse_address(&m, &address));
	assert_ip(&address.ip, "2001:db8::1");
	assert_int_equal(address.prefix_length, 64);
	assert_int_equal(address.valid_s, 200);
	assert_int_equal(address.flags, IFA_F_DEPRECATED | IFA_F_NOPREFIXROUTE);
	assert_int_equal(address.protocol, 116);

	begin(&b, RTM_NEWADDR, &head, sizeof(head));
	attribute(&b, IFA_ADDRESS, "\xc0\0\x02\x02", 4); /* the peer's */
	attribute(&b, IFA_LOCAL, "\xc0\0\x02\x01", 4);
	end(&b);
	m = message(&b);
	assert_true(parse_address(&m, &address));
	assert_ip(&address.ip, "192.0.2.1");
	assert_int_equal(address.valid_s, UINT32_MAX);
	assert_int_equal(address.flags, IFA_F_PERMANENT);
	assert_int_equal(address.protocol, 0);
}

static void impossible_addresses_are_refused(void **state)
{
	struct builder b;
	struct address_info address;
	struct ifaddrmsg head = {.ifa_family = AF_INET, .ifa_prefixlen = 33, .ifa_index = 3};
	(void)state;
	begin(&b, RTM_NEWADDR, &head, sizeof(head));
	attribute(&b, IFA_LOCAL, "\xc0\0\x02\x01", 4);
	end(&b);
	struct netlink_message m = message(&b);
	assert_false(parse_address(&m, &address));

	head.ifa_prefixlen = 24;
	begin(&b, RTM_NEWADDR, &head, sizeof(head));
	attribute(&b, IFA_LOCAL, "\xc0\0\x02\x01\0\0", 6);
	end(&b);
	m = message(&b);
	assert_false(parse_address(&m, &address));

	begin(&b, RTM_NEWADDR, &head, sizeof(head));
	end(&b);
	m = message(&b);
	assert_false(parse_address(&m, &address));
}

static void default_route_is_read_and_others_are_not(void **state)
{
	struct builder b;
	struct route_info route;
	(void)state;
	build_route(&b, 0, RT_TABLE_MAIN);
	struct netlink_message m = message(&b);
	assert_true(parse_default_route(&m, &route));
	assert_int_equal(route.metric, 1002);
	assert_int_equal(route.protocol, RTPROT_DHCP);
	assert_int_equal(route.hop_count, 1);
	assert_int_equal(route.hop[0].ifindex, 3);
	assert_ip(&route.hop[0].gateway, "192.0.2.1");

	build_route(&b, 24, RT_TABLE_MAIN);
	m = message(&b);
	assert_false(parse_default_route(&m, &route));
	build_route(&b, 0, 100);
	m = message(&b);
	assert_false(parse_default_route(&m, &route));
}

static void multipath_routes_are_read_up_to_a_bound(void **state)
{
	struct builder b;
	struct route_info route;
	(void)state;
	build_multipath(&b, 2);
	struct netlink_message m = message(&b);
	assert_true(parse_default_route(&m, &route));
	assert_int_equal(route.hop_count, 2);
	assert_int_equal(route.hop[1].ifindex, 2);
	assert_ip(&route.hop[1].gateway, "192.0.2.1");
	build_multipath(&b, ROUTE_HOPS_MAX + 3);
	m = message(&b);
	assert_true(parse_default_route(&m, &route));
	assert_int_equal(route.hop_count, ROUTE_HOPS_MAX);
	assert_int_equal(route.hops_left_out, 3);
}

static void gateway_of_another_family_is_read(void **state)
{
	struct builder b;
	struct route_info route;
	struct rtmsg head = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST};
	uint32_t ifindex = 3;
	uint8_t via[18] = {AF_INET6, 0, 0xfe, 0x80, [17] = 1};
	(void)state;
	begin(&b, RTM_NEWROUTE, &head, sizeof(head));
	attribute(&b, RTA_OIF, &ifindex, sizeof(ifindex));
	attribute(&b, RTA_VIA, via, sizeof(via));
	end(&b);
	struct netlink_message m = message(&b);
	assert_true(parse_default_route(&m, &route));
	assert_ip(&route.hop[0].gateway, "fe80::1");
}

static void several_messages_in_one_read(void **state)
{
	struct builder a, b;
	struct netlink_message m;
	uint8_t both[2 * MESSAGE_BYTES_MAX];
	size_t at = 0;
	(void)state;
	build_link(&a, "eth0");
	build_address6(&b);
	memcpy(both, a.bytes, a.used);
	memcpy(both + a.used, b.bytes, b.used);
	assert_true(netlink_next(both, a.used + b.used, &at, &m));
	assert_int_equal(m.type, RTM_NEWLINK);
	assert_int_equal(m.sequence, 7);
	assert_true(netlink_next(both, a.used + b.used, &at, &m));
	assert_int_equal(m.type, RTM_NEWADDR);
	assert_false(netlink_next(both, a.used + b.used, &at, &m));
	assert_int_equal(at, a.used + b.used);
}

/* Reads BYTES as anything, from memory that ends where they end: the sanitizer sees a read past them. */
static void parse_all(const uint8_t *bytes, size_t length)
{
	uint8_t *exact = malloc(length > 0 ? length : 1);
	struct netlink_message m;
	size_t at = 0;
	assert_non_null(exact);
	memcpy(exact, bytes, length);
	while (netlink_next(exact, length, &at, &m)) {
		struct link_info link;
		struct address_info address;
		struct route_info route;
		if (parse_link(&m, &link))
			assert_true(link.ifindex > 0 && strnlen(link.ifname, IF_NAMESIZE) < IF_NAMESIZE);
		if (parse_address(&m, &address))
			assert_true(address.prefix_length <= 128 && address.ip.family != AF_UNSPEC);
		if (parse_default_route(&m, &route))
			assert_true(route.hop_count > 0 && route.hop_count <= ROUTE_HOPS_MAX);
	}
	free(exact);
}

static void cut_and_damaged_messages_do_no_harm(void **state)
{
	struct builder good[4];
	uint32_t random = 1;
	(void)state;
	build_link(&good[0], "eth0");
	build_address6(&good[1]);
	build_route(&good[2], 0, RT_TABLE_MAIN);
	build_multipath(&good[3], 3);
	for (size_t g = 0; g < sizeof(good) / sizeof(good[0]); g++) {
		for (size_t length = 0; length < good[g].used; length++) {
			struct builder cut = good[g];
			parse_all(cut.bytes, length);
			cut.used = length;
			if (length >= sizeof(struct nlmsghdr))
				end(&cut);
			parse_all(cut.bytes, length);
		}
		for (unsigned i = 0; i < 20000; i++) {
			struct builder damaged = good[g];
			for (unsigned n = 0; n < 3; n++) {
				random = random * 1664525 + 1013904223;
				damaged.bytes[(random >> 8) % damaged.used] = (uint8_t)(random >> 24);
			}
			parse_all(damaged.bytes, damaged.used);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_read),
		cmocka_unit_test(names_that_are_no_file_names_are_refused),
		cmocka_unit_test(address_is_read),
		cmocka_unit_test(impossible_addresses_are_refused),
		cmocka_unit_test(default_route_is_read_and_others_are_not),
		cmocka_unit_test(multipath_routes_are_read_up_to_a_bound),
		cmocka_unit_test(gateway_of_another_family_is_read),
		cmocka_unit_test(several_messages_in_one_read),
		cmocka_unit_test(cut_and_damaged_messages_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
