/* Servers of all NICs become one list: the best gateway's NIC first, each server once, bounded, and written
 * so that musl reads it. The records say the same. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "fixture.h"
#include "output.h"
#include "resolver.h"

static struct nic eth0, eth1;
static struct nics nics;
static struct resolver r;
static struct record record;
static char conf[1024];
static struct resolver_settings settings;

static void make_nic(struct nic *nic, const char *name, const char *address, uint32_t metric)
{
	*nic = (struct nic){.carrier = true, .ifindex = nic == &eth0 ? 2 : 3, .mtu = 1500};
	strcpy(nic->ifname, name);
	nic->addresses.entry[nic->addresses.count++] =
		(struct address){.ip = ip_of(address), .prefix_length = 24, .expires_ms = 100000};
	nic->gateways.entry[nic->gateways.count++] =
		(struct gateway){.ip = ip_of("192.0.2.1"), .protocol = RTPROT_DHCP, .metric = metric};
}

static int setup(void **state)
{
	(void)state;
	settings = (struct resolver_settings){0};
	make_nic(&eth0, "eth0", "192.0.2.7", 1002);
	make_nic(&eth1, "eth1", "198.51.100.7", 1003);
	eth0.next = &eth1;
	nics = (struct nics){.first = &eth0, .count = 2};
	apply(&eth0.leases, 0,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=192.0.2.7", "new_dhcp_lease_time=100",
			"new_domain_name_servers=192.0.2.53", "new_domain_name=corp.example"));
	apply(&eth1.leases, 0,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=198.51.100.7", "new_dhcp_lease_time=200",
			"new_domain_name_servers=198.51.100.53 192.0.2.53", "new_domain_name=Corp.Example"));
	return 0;
}

static const char *build(void)
{
	struct text t = TEXT(conf);
	resolver_build(&r, &nics, &settings);
	r.left_out += resolver_write_conf(&r, &t);
	assert_false(t.overflow);
	return conf;
}

static void best_gateway_comes_first_and_each_server_once(void **state)
{
	(void)state;
	assert_string_equal(
		build(), "nameserver 192.0.2.53\nnameserver 198.51.100.53\nsearch corp.example\n");
	assert_int_equal(r.next_expiry_ms, 100000);
	assert_int_equal(r.server[0].expires_ms, 200000); /* both NICs give it */
	eth0.gateways.entry[0].metric = 2000;
	assert_string_equal(
		build(), "nameserver 198.51.100.53\nnameserver 192.0.2.53\nsearch Corp.Example\n");
	eth0.gateways.count = eth1.gateways.count = 0;
	assert_string_equal(
		build(), "nameserver 192.0.2.53\nnameserver 198.51.100.53\nsearch corp.example\n");
}

/* Which NICs those are is the setting's affair and the machine's, not that of who speaks on them. */
static void only_trusted_nics_are_believed(void **state)
{
	static const char only_eth1[] =
		"nameserver 198.51.100.53\nnameserver 192.0.2.53\nsearch Corp.Example\n";
	(void)state;
	eth1.has_mac = true;
	memcpy(eth1.mac, "\x02\0\x5e\0\0\1", 6);
	resolver_read_trust(&settings, "eth1");
	assert_string_equal(build(), only_eth1);
	resolver_read_trust(&settings, "02:00:5e:00:00:01");
	assert_string_equal(build(), only_eth1);
	resolver_to_record(&record, &r, 0);
	assert_non_null(strstr(record.data, "\ntrust=eth1\n"));
	resolver_read_trust(&settings, "eth2");
	assert_string_equal(build(), "");
	resolver_to_record(&record, &r, 0);
	assert_non_null(strstr(record.data, "trust=none\n"));
	resolver_read_trust(&settings, "single");
	assert_string_equal(build(), "");
	/* Nobody says anything on eth0 yet, but might. */
	eth0.leases = (struct leases){0};
	assert_string_equal(build(), "");
	eth0.leases.dhcp4.word = eth0.leases.dhcp6.word = eth0.leases.ra.word = WORD_OFF;
	assert_string_equal(build(), only_eth1);
	resolver_read_trust(&settings, "all");
	assert_string_equal(build(), only_eth1);
	resolver_to_record(&record, &r, 0);
	assert_null(strstr(record.data, "trust="));
}

static void only_what_is_in_force_counts(void **state)
{
	(void)state;
	eth0.carrier = false;
	assert_string_equal(
		build(), "nameserver 198.51.100.53\nnameserver 192.0.2.53\nsearch Corp.Example\n");
	eth1.addresses.count = 0; /* the kernel has dropped the address, dhcpcd has not said so */
	assert_string_equal(build(), "");
	eth1.addresses.count = 1;
	leases_expire(&eth1.leases, 200000);
	assert_string_equal(build(), "");
	assert_true(r.next_expiry_ms == FOREVER);
}

static void link_local_servers_have_their_scope(void **state)
{
	(void)state;
	eth0.leases.dhcp4 = (struct lease){0};
	eth1.leases.dhcp4 = (struct lease){0};
	const char *const lines[] = {"reason=ROUTERADVERT", "if_up=true", "nd1_from=fe80::1",
		"nd1_rdnss1_lifetime=60", "nd1_rdnss1_servers=fe80::1%eth0 2001:db8::53", NULL};
	apply(&eth0.leases, 0, make_event(lines));
	apply(&eth1.leases, 0, make_event(lines));
	assert_string_equal(
		build(), "nameserver fe80::1%eth0\nnameserver 2001:db8::53\nnameserver fe80::1%eth1\n");
}

static void search_line_is_one_that_musl_reads(void **state)
{
	char value[4096] = "new_domain_search=";
	(void)state;
	eth1.leases.dhcp4 = (struct lease){0};
	for (unsigned i = 0; i < 8; i++)
		snprintf(value + strlen(value), sizeof(value) - strlen(value),
			"d%u.a-rather-long-name-of-a-label-in-the-domain-name-system.example ", i);
	apply(&eth0.leases, 0,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=192.0.2.7", "new_dhcp_lease_time=100",
			value));
	build();
	assert_true(strlen(conf) <= 255);
	assert_int_equal(conf[strlen(conf) - 1], '\n');
	assert_int_equal(r.domain_count, 8);
	assert_int_equal(r.left_out, 5);
}

/* A line of LENGTH bytes, newline included, by one domain. */
static bool line_is_written(size_t length)
{
	char value[300] = "new_domain_search=";
	size_t name_length = length - strlen("search ") - 1, start = strlen(value);
	for (size_t i = 0; i < name_length; i++)
		value[start + i] = i % 60 == 59 && i + 1 < name_length ? '.' : 'a';
	value[start + name_length] = '\0';
	apply(&eth0.leases, 0,
		EVENT("reason=BOUND", "if_up=true", "new_ip_address=192.0.2.7", "new_dhcp_lease_time=100",
			value));
	assert_int_equal(eth0.leases.dhcp4.search.count, 1);
	return strlen(build()) == length;
}

static void search_line_is_as_long_as_musl_reads(void **state)
{
	(void)state;
	eth1.leases.dhcp4 = (struct lease){0};
	assert_true(line_is_written(254));
	assert_true(line_is_written(255));
	assert_false(line_is_written(256));
}

static void longest_values_fit(void **state)
{
	struct text t = TEXT(conf);
	(void)state;
	r = (struct resolver){.server_count = RESOLVER_SERVERS_MAX};
	strcpy(eth0.ifname, "fifteen-letters");
	for (unsigned i = 0; i < RESOLVER_SERVERS_MAX; i++)
		r.server[i] = (struct resolver_server){
			.ip = ip_of("fe80:1111:2222:3333:4444:5555:6666:7777"), .nic = &eth0};
	resolver_write_conf(&r, &t);
	assert_false(t.overflow);
}

static const char *value(const char *key);

static void search_of_the_setting_is_the_only_one(void **state)
{
	(void)state;
	apply(&eth0.leases, 0,
		EVENT("reason=ROUTERADVERT", "if_up=true", "nd1_from=fe80::1", "nd1_dnssl1_lifetime=60",
			"nd1_dnssl1_search=advertised.example"));
	assert_non_null(strstr(build(), "search corp.example advertised.example\n"));
	resolver_read_search(&settings.search, "one.example, two.example.,One.Example");
	assert_string_equal(
		build(), "nameserver 192.0.2.53\nnameserver 198.51.100.53\nsearch one.example two.example\n");
	resolver_to_record(&record, &r, 0);
	assert_string_equal(value("search.1"), "one.example static - forever");
	assert_string_equal(value("search.2"), "two.example static - forever");
	assert_null(value("search.3"));
	eth0.carrier = eth1.carrier = false; /* it holds without a network, too */
	assert_string_equal(build(), "search one.example two.example\n");
}

static void servers_of_the_setting_are_the_only_ones(void **state)
{
	(void)state;
	apply(&eth0.leases, 0,
		EVENT("reason=ROUTERADVERT", "if_up=true", "nd1_from=fe80::1", "nd1_rdnss1_lifetime=60",
			"nd1_rdnss1_servers=2001:db8::53"));
	assert_non_null(strstr(build(), "nameserver 2001:db8::53\n"));
	resolver_read_dns(&settings.dns, "203.0.113.1, 2001:db8::1,203.0.113.1");
	assert_string_equal(build(), "nameserver 203.0.113.1\nnameserver 2001:db8::1\nsearch corp.example\n");
	resolver_to_record(&record, &r, 0);
	assert_string_equal(value("server.1"), "203.0.113.1 static - forever");
	assert_string_equal(value("server.2"), "2001:db8::1 static - forever");
	assert_null(value("server.3"));
	eth0.carrier = eth1.carrier = false;
	assert_string_equal(build(), "nameserver 203.0.113.1\nnameserver 2001:db8::1\n");
}

static const char *value(const char *key)
{
	static struct record_view view;
	assert_int_equal(record_parse(&view, record.data, record.text.used), 0);
	return record_get(&view, key);
}

static void record_of_the_resolver(void **state)
{
	(void)state;
	build();
	resolver_to_record(&record, &r, 0);
	assert_string_equal(value("server.1"), "192.0.2.53 dhcp4 eth0 200000");
	assert_string_equal(value("search.1"), "corp.example dhcp4 eth0 200000");
	assert_string_equal(value("left_out"), "0");
}

static void record_of_a_nic(void **state)
{
	(void)state;
	eth0.addresses.entry[1] = (struct address){.ip = ip_of("2001:db8::1"),
		.prefix_length = 64,
		.expires_ms = 5,
		.flags = IFA_F_TENTATIVE | IFA_F_DEPRECATED};
	eth0.addresses.entry[2] = (struct address){.ip = ip_of("203.0.113.1"),
		.prefix_length = 32,
		.expires_ms = FOREVER,
		.flags = IFA_F_PERMANENT};
	eth0.addresses.count = 3;
	nic_to_record(&record, &eth0);
	assert_string_equal(value("address.1"), "192.0.2.7/24 dhcp 100000");
	assert_string_equal(value("address.2"), "2001:db8::1/64 slaac 5 tentative,deprecated");
	assert_string_equal(value("address.3"), "203.0.113.1/32 static forever");
	assert_string_equal(value("gateway.1"), "192.0.2.1 dhcp 1002");
	assert_string_equal(value("dhcp4"), "bound");
	assert_string_equal(value("dhcp4_expires_ms"), "100000");
	assert_null(value("mac"));
	assert_null(value("dhcp4_mtu"));
	eth0.leases.dhcp4.mtu = 1400;
	nic_to_record(&record, &eth0);
	assert_string_equal(value("dhcp4_mtu"), "1400");
	eth0.carrier = false;
	nic_to_record(&record, &eth0);
	assert_string_equal(value("link"), "down");
	assert_string_equal(value("dhcp4"), "none");
}

static void end_of_a_lease_is_its_addresses(void **state)
{
	(void)state;
	eth0.addresses.entry[0].expires_ms = 101000; /* whole seconds: the same */
	nic_adopt_expiry(&eth0);
	assert_int_equal(eth0.leases.dhcp4.expires_ms, 100000);
	eth0.addresses.entry[0].expires_ms = 60000; /* an event told again begins too late */
	nic_adopt_expiry(&eth0);
	assert_int_equal(eth0.leases.dhcp4.expires_ms, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(best_gateway_comes_first_and_each_server_once, setup),
		cmocka_unit_test_setup(only_trusted_nics_are_believed, setup),
		cmocka_unit_test_setup(only_what_is_in_force_counts, setup),
		cmocka_unit_test_setup(link_local_servers_have_their_scope, setup),
		cmocka_unit_test_setup(search_line_is_one_that_musl_reads, setup),
		cmocka_unit_test_setup(search_line_is_as_long_as_musl_reads, setup),
		cmocka_unit_test_setup(longest_values_fit, setup),
		cmocka_unit_test_setup(servers_of_the_setting_are_the_only_ones, setup),
		cmocka_unit_test_setup(search_of_the_setting_is_the_only_one, setup),
		cmocka_unit_test_setup(record_of_the_resolver, setup),
		cmocka_unit_test_setup(record_of_a_nic, setup),
		cmocka_unit_test_setup(end_of_a_lease_is_its_addresses, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
