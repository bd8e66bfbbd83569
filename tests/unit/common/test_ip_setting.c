/* The setting `ip`: each form, each way to get it wrong, and the words that say so. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/ip_setting.h"

static struct ip_setting list[IP_SETTINGS_MAX];
static size_t count;

static const char *read_value(const char *value)
{
	return ip_settings_read(list, &count, value);
}

static void each_form(void **state)
{
	const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xab, 0xcd, 0xef};
	char text[INET6_ADDRSTRLEN];
	(void)state;
	assert_null(read_value("  dhcp eth0:192.0.2.5/24,192.0.2.1\t52:54:00:Ab:cD:eF:2001:db8::5/64,fe80::1 "
			       "eth0.5:dhcp lan-2:none "
			       "eth0:198.51.100.7/31"));
	assert_int_equal(count, 6);
	assert_true(list[0].every_nic && list[0].kind == IP_AUTOMATIC);
	assert_true(list[1].kind == IP_STATIC && list[1].family == AF_INET && list[1].prefix_length == 24);
	assert_string_equal(list[1].ifname, "eth0");
	assert_string_equal(inet_ntop(AF_INET, list[1].address, text, sizeof(text)), "192.0.2.5");
	assert_true(list[1].has_gateway);
	assert_string_equal(inet_ntop(AF_INET, list[1].gateway, text, sizeof(text)), "192.0.2.1");
	assert_true(list[2].by_mac && list[2].ifname[0] == '\0' && list[2].family == AF_INET6);
	assert_memory_equal(list[2].mac, mac, sizeof(mac));
	assert_string_equal(inet_ntop(AF_INET6, list[2].address, text, sizeof(text)), "2001:db8::5");
	assert_string_equal(inet_ntop(AF_INET6, list[2].gateway, text, sizeof(text)), "fe80::1");
	assert_true(list[3].vlan == 5 && list[3].kind == IP_AUTOMATIC && !list[3].every_nic);
	assert_string_equal(list[3].ifname, "eth0.5");
	assert_true(list[4].kind == IP_NONE);
	assert_true(!list[5].has_gateway);
	assert_true(ip_setting_same_nic(&list[1], &list[5]) && !ip_setting_same_nic(&list[1], &list[3]));
}

static void each_fault_is_told(void **state)
{
	const struct {
		const char *value, *why;
	} cases[] = {
		{"eth0", ""},
		{"static", ""},
		{"eth0:", "no /PREFIX"},
		{"eth0:192.0.2.5", "no /PREFIX"},
		{"eth0:192.0.2/24", ""},
		{"eth0:name/24", ""},
		{"eth0:192.0.2.5/33", "a prefix is from 1 to 32"},
		{"eth0:192.0.2.5/0", "a prefix is from 1 to 32"},
		{"eth0:192.0.2.5/255.255.255.0", "a prefix is from 1 to 32"},
		{"eth0:2001:db8::5/129", "a prefix is from 1 to 128"},
		{"eth0:192.0.2.0/24", "the address is its network's own"},
		{"eth0:192.0.2.255/24", "the address is its network's broadcast address"},
		{"eth0:224.0.0.1/24", "no address that a NIC can have"},
		{"eth0:127.0.0.1/8", "no address that a NIC can have"},
		{"eth0:ff02::1/64", "no address that a NIC can have"},
		{"eth0:::1/128", "no address that a NIC can have"},
		{"eth0:192.0.2.5/24,", "no address behind the comma"},
		{"eth0:192.0.2.5/24,gw", "no address behind the comma"},
		{"eth0:192.0.2.5/24,198.51.100.1", "the gateway is not in the address's network"},
		{"eth0:192.0.2.5/30,198.51.100.1", "the gateway is not in the address's network"},
		{"eth0:192.0.2.5/24,192.0.2.5", "the gateway is the NIC itself"},
		{"eth0:192.0.2.5/32,192.0.2.5", "the gateway is the NIC itself"},
		{"eth0:192.0.2.5/24,2001:db8::1", "address and gateway are of two families"},
		{"eth0:2001:db8::5/64,2001:db8:1::1", "the gateway is not in the address's network"},
		{"eth0:2001:db8::5/64,ff02::2", "no address that a gateway can have"},
		{"eth0.0:dhcp", "a VLAN's number is from 1 to 4094"},
		{"eth0.4095:dhcp", "a VLAN's number is from 1 to 4094"},
		{"eth0.05:dhcp", "a VLAN's number begins with no 0"},
		{"eth0.:dhcp", "a VLAN's number is from 1 to 4094"},
		{".5:dhcp", "a NIC's name has 1 to 15 characters"},
		{":dhcp", "a NIC's name has 1 to 15 characters"},
		{"abcdefghijklmnop:dhcp", "a NIC's name has 1 to 15 characters"},
		{"eth/0:dhcp", "a NIC's name has letters, digits, - and _"},
		{"eth0:192.0.2.5/24 eth1:192.0.2.5/24", "the same address twice"},
		{"eth0:192.0.2.5/24,192.0.2.1 eth0:192.0.2.6/24,192.0.2.2", "two gateways for one NIC"},
		{"eth0:none eth0:192.0.2.5/24", "a NIC with none and with an address"},
		{"52:54:00:00:00:01:none 52:54:00:00:00:01:2001:db8::5/64",
			"a NIC with none and with an address"},
		{"a:dhcp b:dhcp c:dhcp d:dhcp e:dhcp f:dhcp g:dhcp h:dhcp i:dhcp j:dhcp k:dhcp l:dhcp m:dhcp "
		 "n:dhcp o:dhcp "
		 "p:dhcp q:dhcp",
			"more than 16 items"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = read_value(cases[i].value);
		if (why == NULL || strcmp(why, cases[i].why) != 0)
			fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].value, cases[i].why,
				why == NULL ? "good" : why);
	}
}

static void what_only_looks_wrong(void **state)
{
	const char *const good[] = {"eth0:192.0.2.0/31", "eth0:192.0.2.1/31,192.0.2.0", "eth0:192.0.2.255/32",
		"eth0:2001:db8::/64", "eth0:192.0.2.5/24,192.0.2.1 eth0:192.0.2.6/24,192.0.2.1",
		"eth0:192.0.2.5/24 eth0:2001:db8::5/64", "eth0:dhcp eth0:192.0.2.5/24",
		"eth0:203.0.113.5/32,172.31.1.1", "eth0:203.0.113.5/31,172.31.1.1",
		"eth0:2001:db8::5/128,2001:db8:1::1", "eth0:2001:db8::5/127,2001:db8:1::1",
		"52:54:00:00:00:01:dhcp", "", "aa:bb:cc:dd:ee:ff:192.0.2.5/24"};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *why = read_value(good[i]);
		if (why != NULL)
			fail_msg("%s: expected it to be good, got \"%s\"", good[i], why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form),
		cmocka_unit_test(each_fault_is_told),
		cmocka_unit_test(what_only_looks_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
