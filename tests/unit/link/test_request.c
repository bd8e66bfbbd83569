/* The messages to the kernel say what the setting says, in the form of rtnetlink. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/netlink_parse.h"
#include "request.h"

static struct netlink_request r;
static struct netlink_message message;

/* What the kernel would see of R: its own header is filled in by netlink_ask. */
static void read_back(uint16_t type, uint16_t flags)
{
	uint32_t length = (uint32_t)r.bytes;
	size_t at = 0;
	memcpy(r.data, &length, sizeof(length));
	assert_true(netlink_next(r.data, r.bytes, &at, &message));
	assert_int_equal(at, r.bytes);
	assert_int_equal(message.type, type);
	assert_int_equal(message.flags, flags | NLM_F_REQUEST | NLM_F_ACK);
}

/* The attribute TYPE in LENGTH bytes from AT on. */
static struct netlink_attribute find(const uint8_t *bytes, size_t length, size_t at, uint16_t type)
{
	struct netlink_attribute a, found = {0};
	bool good = true;
	while (netlink_next_attribute(bytes, length, &at, &a, &good))
		if (a.type == type)
			found = a;
	assert_true(good);
	assert_non_null(found.value);
	return found;
}

static struct netlink_attribute find_in_message(size_t head, uint16_t type)
{
	return find(message.payload, message.payload_bytes, netlink_align(head), type);
}

static uint32_t number(struct netlink_attribute a)
{
	uint32_t value;
	assert_true(netlink_u32(&a, &value));
	return value;
}

static struct ip_setting setting(const char *text)
{
	struct ip_setting s;
	assert_null(ip_setting_parse(&s, text, strlen(text)));
	return s;
}

static void vlan(void **state)
{
	(void)state;
	request_vlan(&r, 7, "eth0.4094", 4094);
	read_back(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct netlink_attribute a = find_in_message(sizeof(struct ifinfomsg), IFLA_IFNAME);
	assert_string_equal((const char *)a.value, "eth0.4094");
	assert_int_equal(a.bytes, sizeof("eth0.4094"));
	assert_int_equal(number(find_in_message(sizeof(struct ifinfomsg), IFLA_LINK)), 7);
	assert_int_equal(number(find_in_message(sizeof(struct ifinfomsg), IFLA_GROUP)), LINK_MARK);
	struct netlink_attribute info = find_in_message(sizeof(struct ifinfomsg), IFLA_LINKINFO);
	a = find(info.value, info.bytes, 0, IFLA_INFO_KIND);
	assert_string_equal((const char *)a.value, "vlan");
	struct netlink_attribute data = find(info.value, info.bytes, 0, IFLA_INFO_DATA);
	a = find(data.value, data.bytes, 0, IFLA_VLAN_ID);
	uint16_t id;
	assert_int_equal(a.bytes, sizeof(id));
	memcpy(&id, a.value, sizeof(id));
	assert_int_equal(id, 4094);
}

static void mtu(void **state)
{
	struct ifinfomsg head;
	(void)state;
	request_mtu(&r, 7, 9000);
	read_back(RTM_NEWLINK, 0);
	memcpy(&head, message.payload, sizeof(head));
	assert_int_equal(head.ifi_index, 7);
	assert_int_equal(number(find_in_message(sizeof(head), IFLA_MTU)), 9000);
}

static void address(void **state)
{
	struct address_info info;
	(void)state;
	struct ip_setting s = setting("eth0:192.0.2.5/24");
	request_address(&r, RTM_NEWADDR, 7, &s);
	read_back(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	assert_true(parse_address(&message, &info));
	assert_int_equal(info.ifindex, 7);
	assert_int_equal(info.prefix_length, 24);
	assert_int_equal(info.ip.family, AF_INET);
	assert_memory_equal(info.ip.bytes, "\xc0\0\2\5", 4);
	assert_int_equal(info.protocol, LINK_MARK);

	s = setting("eth0:2001:db8::5/64");
	request_address(&r, RTM_NEWADDR, 7, &s);
	read_back(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	assert_true(parse_address(&message, &info));
	assert_int_equal(info.prefix_length, 64);
	assert_int_equal(info.ip.family, AF_INET6);
	assert_memory_equal(info.ip.bytes, s.address, 16);

	request_address(&r, RTM_DELADDR, 7, &s);
	read_back(RTM_DELADDR, 0);

	request_no_vlan(&r, 7);
	read_back(RTM_DELLINK, 0);
}

static void gateway(void **state)
{
	struct route_info info;
	(void)state;
	struct ip_setting s = setting("eth0:192.0.2.5/24,192.0.2.1");
	request_gateway(&r, RTM_NEWROUTE, 7, &s);
	read_back(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	assert_true(parse_default_route(&message, &info));
	assert_int_equal(info.protocol, LINK_MARK);
	assert_int_equal(info.metric, 7);
	assert_int_equal(info.hop_count, 1);
	assert_int_equal(info.hop[0].ifindex, 7);
	assert_memory_equal(info.hop[0].gateway.bytes, "\xc0\0\2\1", 4);

	s = setting("eth0:2001:db8::5/64,fe80::1");
	request_gateway(&r, RTM_NEWROUTE, 7, &s);
	read_back(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	assert_true(parse_default_route(&message, &info));
	assert_int_equal(info.hop[0].gateway.family, AF_INET6);
	assert_memory_equal(info.hop[0].gateway.bytes, s.gateway, 16);

	request_gateway(&r, RTM_DELROUTE, 7, &s);
	read_back(RTM_DELROUTE, 0);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	const struct ifinfomsg body = {0};
	const uint8_t large[200] = {0};
	(void)state;
	netlink_begin(&r, RTM_NEWLINK, 0, &body, sizeof(body));
	netlink_add(&r, IFLA_IFNAME, large, sizeof(large));
	netlink_close(&r, netlink_add(&r, IFLA_IFALIAS, large, sizeof(large)));
	netlink_add_u32(&r, IFLA_MTU, 1500);
	assert_int_equal(netlink_ask(-1, &r), -1);
	assert_int_equal(errno, EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vlan),
		cmocka_unit_test(mtu),
		cmocka_unit_test(address),
		cmocka_unit_test(gateway),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
