/* Leases begin, change and end as dhcpcd's events and the lifetimes in them say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"

static struct leases l;

static int setup(void **state)
{
	(void)state;
	l = (struct leases){0};
	return 0;
}

static void bind4(int64_t now_ms)
{
	apply(&l, now_ms,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=192.0.2.7",
			"new_dhcp_server_identifier=192.0.2.1", "new_dhcp_lease_time=3600",
			"new_dhcp_renewal_time=1800", "new_domain_name_servers=192.0.2.53 192.0.2.54",
			"new_domain_name=corp.example.", "new_host_name=relay7.",
			"new_ntp_servers=192.0.2.9"));
}

static void dhcp4_lease_is_read(void **state)
{
	(void)state;
	bind4(5000);
	assert_int_equal(l.dhcp4.word, WORD_BOUND);
	assert_true(l.dhcp4.held);
	assert_int_equal(l.dhcp4.expires_ms, 5000 + 3600 * 1000);
	assert_int_equal(l.dhcp4.renew_s, 1800);
	assert_int_equal(l.dhcp4.address_count, 1);
	assert_int_equal(l.dhcp4.dns.count, 2);
	assert_int_equal(l.dhcp4.ntp.count, 1);
	assert_string_equal(l.dhcp4.search.name[0], "corp.example");
	assert_string_equal(l.dhcp4.host_name, "relay7");
	assert_int_equal(l.dhcp4.left_out, 0);
}

static void search_list_stands_in_for_the_domain(void **state)
{
	(void)state;
	apply(&l, 0,
		EVENT("reason=BOUND", "if_up=true", "new_domain_name=corp.example",
			"new_domain_search=a.example b.example"));
	assert_int_equal(l.dhcp4.search.count, 2);
	assert_string_equal(l.dhcp4.search.name[1], "b.example");
}

static void lease_ends_by_each_word_for_it(void **state)
{
	const struct {
		const char *reason;
		enum client_word word;
	} ends[] = {
		{"reason=EXPIRE", WORD_EXPIRED}, {"reason=NAK", WORD_NAK}, {"reason=FAIL", WORD_DISCOVER}};
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		bind4(0);
		apply(&l, 1, EVENT(ends[i].reason, "if_up=false", "old_ip_address=192.0.2.7"));
		assert_int_equal(l.dhcp4.word, ends[i].word);
		assert_false(l.dhcp4.held);
		assert_int_equal(l.dhcp4.dns.count, 0);
	}
}

static void lease_ends_with_the_link_and_has_not_expired(void **state)
{
	(void)state;
	bind4(0);
	apply(&l, 1, EVENT("reason=NOCARRIER", "ifcarrier=down"));
	apply(&l, 2, EVENT("reason=EXPIRE", "ifcarrier=down", "if_up=false", "old_ip_address=192.0.2.7"));
	apply(&l, 3, EVENT("reason=EXPIRE6", "ifcarrier=down", "if_up=false"));
	assert_int_equal(l.dhcp4.word, WORD_NONE);
	assert_int_equal(l.dhcp6.word, WORD_NONE);
	apply(&l, 4, EVENT("reason=CARRIER", "ifcarrier=up"));
	apply(&l, 5, EVENT("reason=EXPIRE", "ifcarrier=up", "if_up=false"));
	assert_int_equal(l.dhcp4.word, WORD_EXPIRED);
}

static void lease_ends_by_time_alone(void **state)
{
	(void)state;
	bind4(0);
	leases_expire(&l, 3600 * 1000 - 1);
	assert_true(l.dhcp4.held);
	leases_expire(&l, 3600 * 1000);
	assert_false(l.dhcp4.held);
	assert_int_equal(l.dhcp4.word, WORD_EXPIRED);
}

static void infinite_lease_has_no_end(void **state)
{
	(void)state;
	apply(&l, 5,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=192.0.2.7",
			"new_dhcp_lease_time=4294967295"));
	assert_true(l.dhcp4.expires_ms == FOREVER);
	leases_expire(&l, FOREVER - 1);
	assert_true(l.dhcp4.held);
}

static void the_end_of_dhcpcd_ends_no_lease(void **state)
{
	(void)state;
	bind4(0);
	apply(&l, 1, EVENT("reason=STOPPED", "if_up=false"));
	apply(&l, 1, EVENT("reason=a new word of a later version", "if_up=false"));
	apply(&l, 1, EVENT("if_up=false"));
	assert_true(l.dhcp4.held);
}

static void link_down_forgets_all(void **state)
{
	(void)state;
	bind4(0);
	apply(&l, 0,
		EVENT("reason=ROUTERADVERT", "if_up=true", "nd1_from=fe80::1", "nd1_rdnss1_lifetime=60",
			"nd1_rdnss1_servers=2001:db8::53"));
	apply(&l, 1, EVENT("reason=CARRIER", "if_up=false"));
	assert_int_equal(l.dhcp4.word, WORD_BOUND);
	apply(&l, 1, EVENT("reason=NOCARRIER", "if_up=false"));
	assert_false(l.dhcp4.held);
	assert_int_equal(l.ra.entry_count, 0);
	apply(&l, 2, EVENT("reason=CARRIER", "if_up=false"));
	assert_int_equal(l.dhcp4.word, WORD_DISCOVER);
}

static void hostile_values_are_left_out_and_counted(void **state)
{
	(void)state;
	apply(&l, 0,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=192.0.2.7; reboot",
			"new_dhcp_server_identifier=\x1b[2J", "new_dhcp_lease_time=-1",
			"new_domain_name_servers=0.0.0.0 224.0.0.1 255.255.255.255 192.0.2.53\n 192.0.2.54 "
			"::ffff:1.2.3.4",
			"new_domain_search=ok.example -bad.example a..b \x80.example a\nnameserver",
			"new_host_name=`reboot`\x1b[2J"));
	/* init is to say what was read. */
	assert_string_equal(l.dhcp4.host_name, "`reboot`\x1b[2J");
	assert_int_equal(l.dhcp4.address_count, 0);
	assert_int_equal(l.dhcp4.server.family, AF_UNSPEC);
	assert_int_equal(l.dhcp4.dns.count, 1);
	assert_int_equal(l.dhcp4.search.count, 1);
	assert_string_equal(l.dhcp4.search.name[0], "ok.example");
	assert_int_equal(l.dhcp4.left_out, 5 + 4);
}

static void lists_are_bounded_and_the_rest_is_counted(void **state)
{
	(void)state;
	apply(&l, 0,
		EVENT("reason=BOUND", "if_up=true",
			"new_domain_name_servers=10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 "
			"10.0.0.7 "
			"10.0.0.8 10.0.0.9 10.0.0.10"));
	assert_int_equal(l.dhcp4.dns.count, LEASE_SERVERS_MAX);
	assert_int_equal(l.dhcp4.left_out, 2);
}

static void mtu_is_bounded(void **state)
{
	const struct {
		const char *line;
		unsigned mtu;
	} cases[] = {{"new_interface_mtu=1400", 1400}, {"new_interface_mtu=576", 576},
		{"new_interface_mtu=65535", 65535}, {"new_interface_mtu=575", 0},
		{"new_interface_mtu=65536", 0}, {"new_interface_mtu=-1", 0}, {"no_mtu=1400", 0}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		apply(&l, 0, EVENT("reason=BOUND", "if_up=true", cases[i].line));
		assert_int_equal(l.dhcp4.mtu, cases[i].mtu);
	}
	apply(&l, 0, EVENT("reason=BOUND", "if_up=true", "new_interface_mtu=1400"));
	apply(&l, 1, EVENT("reason=EXPIRE", "if_up=false", "old_interface_mtu=1400"));
	assert_int_equal(l.dhcp4.mtu, 0);
}

static void advertise(int64_t now_ms, const char *router, const char *lifetime, const char *servers)
{
	apply(&l, now_ms,
		EVENT("reason=ROUTERADVERT", "if_up=true", router, "nd1_acquired=100", "nd1_now=103",
			"nd1_flags=M", lifetime, servers, "nd1_addr1=2001:db8::ff/64"));
}

static void clients_that_are_off_wait_for_nothing(void **state)
{
	(void)state;
	apply(&l, 0, EVENT("reason=CARRIER", "dhcp4=off"));
	assert_int_equal(l.dhcp4.word, WORD_OFF);
	assert_int_equal(l.dhcp6.word, WORD_NONE);
	apply(&l, 0, EVENT("reason=CARRIER", "dhcp6=off"));
	assert_int_equal(l.dhcp4.word, WORD_DISCOVER);
	advertise(0, "nd1_from=fe80::1", "nd1_rdnss1_lifetime=60", "nd1_rdnss1_servers=2001:db8::53");
	assert_int_equal(l.dhcp6.word, WORD_OFF); /* for all the M flag */
	assert_int_equal(l.ra.word, WORD_RECEIVED);
	apply(&l, 0, EVENT("reason=CARRIER", "dhcp4=off", "dhcp6=off", "ra=off"));
	assert_int_equal(l.ra.word, WORD_OFF);
}

static void dhcp6_lease_is_read(void **state)
{
	(void)state;
	apply(&l, 1000,
		EVENT("reason=BOUND6", "if_up=true", "new_dhcp6_ia_na1_iaid=01", "new_dhcp6_ia_na1_t1=50",
			"new_dhcp6_ia_na1_ia_addr1=2001:db8::1", "new_dhcp6_ia_na1_ia_addr1_vltime=100",
			"new_dhcp6_ia_na1_ia_addr2=2001:db8::2", "new_dhcp6_ia_na1_ia_addr2_vltime=200",
			"new_dhcp6_ia_na1_ia_addr3=2001:db8::3", "new_dhcp6_ia_na1_ia_addr3_vltime=0",
			"new_dhcp6_name_servers=2001:db8::53", "new_dhcp6_domain_search=corp.example",
			"new_dhcp6_ntp_server1_fqdn=time.example", "new_dhcp6_ntp_server2_addr=2001:db8::7",
			"new_dhcp6_sntp_servers=2001:db8::9"));
	assert_int_equal(l.dhcp6.address_count, 2);
	assert_int_equal(l.dhcp6.expires_ms, 1000 + 200 * 1000);
	assert_int_equal(l.dhcp6.dns.count, 1);
	assert_int_equal(l.dhcp6.ntp.count, 2);
	assert_int_equal(l.dhcp6.left_out, 1);
	assert_int_equal(l.dhcp6.search.count, 1);
	apply(&l, 1000, EVENT("reason=INFORM6", "if_up=true", "new_dhcp6_name_servers=2001:db8::53"));
	assert_int_equal(l.dhcp6.word, WORD_INFORM);
	assert_true(l.dhcp6.expires_ms == FOREVER);
}

static void rdnss_lives_from_when_it_was_received(void **state)
{
	(void)state;
	advertise(10000, "nd1_from=fe80::1", "nd1_rdnss1_lifetime=60", "nd1_rdnss1_servers=2001:db8::53");
	assert_int_equal(l.ra.word, WORD_RECEIVED);
	assert_int_equal(l.ra.entry_count, 1);
	assert_int_equal(l.ra.entry[0].expires_ms, 10000 - 3000 + 60000);
	assert_int_equal(l.ra.address_count, 1);
	assert_int_equal(l.dhcp6.word, WORD_DISCOVER); /* the M flag */
	leases_expire(&l, 66999);
	assert_int_equal(l.ra.entry_count, 1);
	leases_expire(&l, 67000);
	assert_int_equal(l.ra.entry_count, 0);
}

static void rdnss_of_two_routers_are_kept_apart(void **state)
{
	(void)state;
	advertise(0, "nd1_from=fe80::1", "nd1_rdnss1_lifetime=60", "nd1_rdnss1_servers=2001:db8::53");
	advertise(0, "nd1_from=fe80::2", "nd1_rdnss1_lifetime=600", "nd1_rdnss1_servers=2001:db8::53");
	assert_int_equal(l.ra.entry_count, 2);
	advertise(0, "nd1_from=fe80::1", "nd1_rdnss1_lifetime=0", "nd1_rdnss1_servers=2001:db8::53");
	assert_int_equal(l.ra.entry_count, 1);
	assert_string_equal(l.ra.entry[0].domain, "");
	assert_int_equal(l.ra.entry[0].expires_ms, -3000 + 600000);
}

static void infinite_rdnss_has_no_end(void **state)
{
	(void)state;
	advertise(0, "nd1_from=fe80::1", "nd1_rdnss1_lifetime=4294967295", "nd1_rdnss1_servers=2001:db8::53");
	assert_true(l.ra.entry[0].expires_ms == FOREVER);
}

static void dnssl_is_read_and_checked(void **state)
{
	(void)state;
	advertise(
		0, "nd1_from=fe80::1", "nd1_dnssl1_lifetime=60", "nd1_dnssl1_search=corp.example. -x \x1b[m");
	assert_int_equal(l.ra.entry_count, 1);
	assert_string_equal(l.ra.entry[0].domain, "corp.example");
	assert_int_equal(l.ra.left_out, 2);
}

static void routers_that_are_gone_leave_their_entries_to_their_time(void **state)
{
	(void)state;
	advertise(0, "nd1_from=fe80::1", "nd1_rdnss1_lifetime=60", "nd1_rdnss1_servers=2001:db8::53");
	apply(&l, 1, EVENT("reason=ROUTERADVERT", "if_up=false"));
	assert_int_equal(l.ra.word, WORD_EXPIRED);
	assert_int_equal(l.ra.entry_count, 1);
	assert_int_equal(l.ra.address_count, 0);
}

static void assert_sane(const struct lease *lease)
{
	assert_true(lease->word < WORD_COUNT && lease->address_count <= LEASE_ADDRESSES_MAX);
	assert_true(lease->dns.count <= LEASE_SERVERS_MAX && lease->search.count <= LEASE_DOMAINS_MAX);
	for (unsigned i = 0; i < lease->search.count; i++)
		assert_true(host_name_valid(lease->search.name[i], strlen(lease->search.name[i])));
}

/* What comes out is bounded and well-formed, whatever the bytes were. */
static void damaged_events_do_no_harm(void **state)
{
	static const char good[] =
		"reason=BOUND\0if_up=true\0new_ip_address=192.0.2.7\0new_dhcp_lease_time=60\0"
		"new_domain_name_servers=192.0.2.53 192.0.2.54\0new_domain_search=a.example b.c\0"
		"reason=BOUND6\0new_dhcp6_ia_na1_iaid=1\0new_dhcp6_ia_na1_ia_addr1=2001:db8::1\0"
		"new_dhcp6_ia_na1_ia_addr1_vltime=9\0new_dhcp6_domain_search=d.example\0"
		"reason=ROUTERADVERT\0nd1_from=fe80::1\0nd1_acquired=1\0nd1_now=2\0nd1_flags=MO\0"
		"nd1_rdnss1_lifetime=60\0nd1_rdnss1_servers=2001:db8::53 fe80::1%eth0\0"
		"nd1_dnssl1_lifetime=60\0nd1_dnssl1_search=e.example\0nd1_addr1=2001:db8::2/64";
	uint32_t random = 1;
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char bytes[sizeof(good)];
		size_t begin = 0;
		memcpy(bytes, good, sizeof(good));
		/* Each of the three reasons comes first in its turn. */
		for (unsigned skip = i % 3; skip > 0; skip--)
			do
				begin++;
			while (strncmp(bytes + begin, "reason=", 7) != 0);
		for (unsigned n = 0; n < i % 5; n++) {
			random = random * 1664525 + 1013904223;
			bytes[(random >> 8) % (sizeof(good) - 1)] = (char)(random >> 24);
		}
		apply(&l, i, (struct event){.data = bytes + begin, .bytes = sizeof(good) - begin});
		assert_sane(&l.dhcp4);
		assert_sane(&l.dhcp6);
		assert_true(l.ra.entry_count <= RA_ENTRIES_MAX && l.ra.address_count <= RA_ADDRESSES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(dhcp4_lease_is_read, setup),
		cmocka_unit_test_setup(search_list_stands_in_for_the_domain, setup),
		cmocka_unit_test_setup(lease_ends_by_each_word_for_it, setup),
		cmocka_unit_test_setup(lease_ends_with_the_link_and_has_not_expired, setup),
		cmocka_unit_test_setup(lease_ends_by_time_alone, setup),
		cmocka_unit_test_setup(infinite_lease_has_no_end, setup),
		cmocka_unit_test_setup(the_end_of_dhcpcd_ends_no_lease, setup),
		cmocka_unit_test_setup(link_down_forgets_all, setup),
		cmocka_unit_test_setup(hostile_values_are_left_out_and_counted, setup),
		cmocka_unit_test_setup(lists_are_bounded_and_the_rest_is_counted, setup),
		cmocka_unit_test_setup(mtu_is_bounded, setup),
		cmocka_unit_test_setup(clients_that_are_off_wait_for_nothing, setup),
		cmocka_unit_test_setup(dhcp6_lease_is_read, setup),
		cmocka_unit_test_setup(rdnss_lives_from_when_it_was_received, setup),
		cmocka_unit_test_setup(rdnss_of_two_routers_are_kept_apart, setup),
		cmocka_unit_test_setup(infinite_rdnss_has_no_end, setup),
		cmocka_unit_test_setup(dnssl_is_read_and_checked, setup),
		cmocka_unit_test_setup(routers_that_are_gone_leave_their_entries_to_their_time, setup),
		cmocka_unit_test_setup(damaged_events_do_no_harm, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
