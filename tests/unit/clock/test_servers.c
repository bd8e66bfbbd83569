/* Who is asked: the setting's servers, else the network's; and when: once a NIC has an address that peers can
 * reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "servers.h"

static const struct record_view *view_of(const char *text)
{
	static struct record_view view;
	assert_int_equal(record_parse(&view, text, strlen(text)), 0);
	return &view;
}

static struct servers read_servers(const char *setting, const char *record)
{
	struct servers s;
	servers_read(&s, setting, view_of(record));
	return s;
}

static const char two[] = "ntp.1=192.0.2.1\nntp.2=2001:db8::1\nleft_out=0\n";

static void the_setting_comes_before_the_network(void **state)
{
	(void)state;
	struct servers s = read_servers("ntp.example.org, 192.0.2.9,2001:db8::9", two);
	assert_int_equal(s.count, 3);
	assert_string_equal(s.host[0], "ntp.example.org");
	assert_string_equal(s.host[1], "192.0.2.9");
	assert_string_equal(s.host[2], "2001:db8::9");
	assert_true(s.of_setting);
	s = read_servers("off", two);
	assert_true(s.off);
	assert_int_equal(s.count, 0);
}

static void a_link_local_address_with_its_nic(void **state)
{
	(void)state;
	struct servers s = read_servers("", "ntp.1=fe80::1%eth0\nntp.2=fe80::1%\nntp.3=2001:db8::1%eth0\n"
					    "ntp.4=fe80::1%eth0 -x\nntp.5=fe80::1/64%eth0\nleft_out=0\n");
	assert_int_equal(s.count, 1);
	assert_string_equal(s.host[0], "fe80::1%eth0");
}

static void the_networks_without_a_setting(void **state)
{
	(void)state;
	struct servers s = read_servers("", two);
	assert_false(s.off || s.of_setting);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.host[0], "192.0.2.1");
	assert_string_equal(s.host[1], "2001:db8::1");
	assert_int_equal(read_servers("", "left_out=0\n").count, 0);
}

/* Nothing that ntpd could take for an option or for more than one server. */
static void what_is_no_host_is_left_out(void **state)
{
	char record[4096] = "", name[256];
	(void)state;
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	snprintf(record, sizeof(record),
		"ntp.1=-S/bin/sh\nntp.2=\nntp.3=192.0.2.1/24\nntp.4=a "
		"b\nntp.5=keyno:1:192.0.2.1\nntp.6=192.0.2.1 \nntp.7=%s\n"
		"ntp.8=192.0.2.8\n",
		name);
	struct servers s = read_servers("", record);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.host[0], "192.0.2.8");
}

static void no_more_than_there_is_room_for(void **state)
{
	char record[1024] = "";
	(void)state;
	for (int i = 1; i <= TIME_SERVERS_MAX + 3; i++)
		snprintf(record + strlen(record), sizeof(record) - strlen(record), "ntp.%d=192.0.2.%d\n", i,
			i);
	assert_int_equal(read_servers("", record).count, TIME_SERVERS_MAX);
}

static void lists_are_compared(void **state)
{
	(void)state;
	struct servers a = read_servers("", two), b = read_servers("", two);
	assert_true(servers_equal(&a, &b));
	b = read_servers("", "ntp.1=192.0.2.1\n");
	assert_false(servers_equal(&a, &b));
	b = read_servers("", "ntp.1=2001:db8::1\nntp.2=192.0.2.1\n");
	assert_false(servers_equal(&a, &b));
	b = read_servers("192.0.2.1,2001:db8::1", "");
	assert_false(servers_equal(&a, &b));
}

static void families_with_an_address(void **state)
{
	static const struct {
		unsigned families;
		const char *record;
	} cases[] = {
		{0, "link=up\n"},
		{FAMILY_IPV4, "link=up\naddress.1=192.0.2.7/24 dhcp 5000\n"},
		{0, "link=up\naddress.1=192.0.2.7/24 dhcp 4999\n"},
		{0, "link=down\naddress.1=192.0.2.7/24 static forever\n"},
		{0, "address.1=192.0.2.7/24 static forever\n"},
		{FAMILY_IPV6, "link=up\naddress.1=fe80::1/64 link-local forever\naddress.2=2001:db8::7/64 "
			      "slaac 5000\n"},
		{0, "link=up\naddress.1=fe80::1/64 link-local forever\n"},
		{0, "link=up\naddress.1=2001:db8::7/64 slaac 5000 tentative\n"},
		{0, "link=up\naddress.1=2001:db8::7/64 slaac 5000 deprecated,dadfailed\n"},
		{FAMILY_IPV4 | FAMILY_IPV6,
			"link=up\naddress.1=192.0.2.7/24 dhcp 5000\naddress.2=2001:db8::7/64 slaac 5000\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (families_of(view_of(cases[i].record), 4999) != cases[i].families)
			fail_msg("expected %u of\n%s", cases[i].families, cases[i].record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_setting_comes_before_the_network),
		cmocka_unit_test(a_link_local_address_with_its_nic),
		cmocka_unit_test(the_networks_without_a_setting),
		cmocka_unit_test(what_is_no_host_is_left_out),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(lists_are_compared),
		cmocka_unit_test(families_with_an_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
