/* One line says whether the appliance does its job, and if not, what is missing. */
#include "fixture.h"

#include "verdict.h"

static struct status state;
static struct verdict verdict;

static const char *judge(void)
{
	verdict_of(&verdict, &state, NOW_MS);
	return verdict.text;
}

static void set_nic(const char *text)
{
	state.nic_count = 0;
	nic_record_read(&state.nics[state.nic_count++], "eth0", view_of(text), RECORD_READ);
}

static void set_relay(const char *text)
{
	relay_record_read(&state.relay, view_of(text), RECORD_READ);
}

static void set_service(const char *text)
{
	child_record_read(&state.service, "service", view_of(text), RECORD_READ);
}

static void test_ready(void **unused)
{
	(void)unused;
	set_well(&state);
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688");
	assert_int_equal(verdict.tone, TONE_GOOD);
}

static void test_ready_without_a_relay(void **unused)
{
	(void)unused;
	set_well(&state);
	relay_record_read(&state.relay, NULL, RECORD_MISSING);
	set_service("name=dns\nstate=running\nport.1=53/udp\n");
	assert_string_equal(judge(), "Ready: dns on 192.0.2.77, port 53/udp");
}

/* As of a service that has no record of its own. */
static void set_ports(const char *text)
{
	char record[512];
	relay_record_read(&state.relay, NULL, RECORD_MISSING);
	snprintf(record, sizeof(record), "name=daemon\nstate=running\n%s", text);
	set_service(record);
	ports_record_read(&state.ports, view_of(record), RECORD_READ);
}

static void test_ports_that_are_not_listened_to(void **unused)
{
	(void)unused;
	set_well(&state);
	set_ports("port.1=80/tcp\nport.2=53/udp\nport_state.1=listening\nport_state.2=listening\n");
	assert_string_equal(judge(), "Ready: daemon on 192.0.2.77, port 80/tcp, 53/udp");
	assert_int_equal(verdict.tone, TONE_GOOD);
	set_ports("port.1=80/tcp\nport.2=443/tcp\nport_state.1=starting\nport_state.2=starting\n");
	assert_string_equal(judge(), "Not ready: daemon does not listen yet: port 80/tcp, 443/tcp");
	set_ports("port.1=80/tcp\nport.2=443/tcp\nport_state.1=listening\nport_state.2=lost\n");
	assert_string_equal(judge(), "Not ready: daemon no longer listens: port 443/tcp");
	set_ports("port.1=80/tcp\nport.2=443/tcp\nport_state.1=loopback\nport_state.2=missing\n");
	assert_string_equal(judge(),
		"Not ready: daemon does not listen: port 443/tcp; daemon listens on loopback "
		"only, which the network cannot reach: port 80/tcp");
	assert_false(verdict.ready);
}

static void test_a_health_check(void **unused)
{
	(void)unused;
	set_well(&state);
	set_ports("health=starting\nport.1=80/tcp\nport_state.1=listening\n");
	assert_string_equal(judge(), "Ready: daemon on 192.0.2.77, port 80/tcp");
	set_ports("health=healthy\nport.1=80/tcp\nport_state.1=listening\n");
	assert_true(judge() != NULL && verdict.ready);
	set_ports("health=unhealthy\nport.1=80/tcp\nport_state.1=listening\n");
	assert_string_equal(judge(), "Not ready: daemon is unhealthy: its check fails");
	assert_false(verdict.ready);
}

static void test_service_without_ports_is_ready_when_it_runs(void **unused)
{
	(void)unused;
	set_well(&state);
	set_ports("");
	assert_string_equal(judge(), "Ready: daemon on 192.0.2.77");
}

/* It listens where a setting says, and tells so: the declared port is the default. */
static void test_relay_tells_of_its_ports_itself(void **unused)
{
	(void)unused;
	set_well(&state);
	ports_record_read(&state.ports, view_of("port.1=1688/tcp\nport_state.1=starting\n"), RECORD_READ);
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688");
	relay_record_read(&state.relay, NULL, RECORD_MISSING);
	assert_string_equal(judge(), "Not ready: relay does not listen yet: port 1688/tcp");
}

static void test_nothing_yet(void **unused)
{
	(void)unused;
	memset(&state, 0, sizeof(state));
	system_record_read(&state.system, NULL, RECORD_MISSING);
	assert_string_equal(judge(), "Starting: no record from init yet");
	system_record_read(&state.system, view_of("state=running\nuptime_s=1000\n"), RECORD_READ);
	assert_string_equal(
		judge(), "Not ready: service: starting; waiting for an address: no network card seen yet");
	assert_int_equal(verdict.tone, TONE_BAD);
}

static void test_waits_for_an_address(void **unused)
{
	(void)unused;
	set_well(&state);
	set_nic("link=up\ndhcp4=discover\nno_address_since_ms=988000\naddress.1=fe80::1/64 link-local "
		"forever\n");
	assert_string_equal(judge(), "Not ready: no address yet on eth0 (DHCP: discover, 12 s)");
}

static void test_no_link(void **unused)
{
	(void)unused;
	set_well(&state);
	set_nic("link=down\naddress.1=192.0.2.1/24 dhcp forever\n");
	assert_string_equal(judge(), "Not ready: no link on eth0: connect its cable or virtual switch");
}

static void test_one_usable_nic_is_enough(void **unused)
{
	(void)unused;
	set_well(&state);
	add_nic(&state, "eth1", "link=down\n");
	add_nic(&state, "eth2", "link=up\ndhcp4=discover\n");
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688");
}

static void test_nic_that_gets_nothing_is_named_last(void **unused)
{
	(void)unused;
	set_well(&state);
	set_nic("link=up\ndhcp4=off\nra=off\nno_address_since_ms=988000\n");
	assert_string_equal(judge(), "Not ready: no address yet on eth0 (DHCP: off, 12 s)");
	add_nic(&state, "eth1", "link=up\ndhcp4=discover\n");
	assert_string_equal(judge(), "Not ready: no address yet on eth1 (DHCP: discover)");
}

static void test_settings_that_are_not_in_force(void **unused)
{
	(void)unused;
	set_well(&state);
	link_record_read(&state.link, view_of("waiting.1=52:54:00:12:34:56\n"), RECORD_READ);
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688; ip: no NIC 52:54:00:12:34:56 yet");
	assert_int_equal(verdict.tone, TONE_WARN);
	link_record_read(&state.link,
		view_of("problem.1=eth0: VLAN refused: Operation not supported\nwaiting.1=eth1\n"),
		RECORD_READ);
	assert_string_equal(judge(),
		"Ready: relay to 10.0.0.5:1688; eth0: VLAN refused: Operation not supported "
		"and 1 more");
}

static void test_service_failed(void **unused)
{
	(void)unused;
	set_well(&state);
	set_service("name=relay\nstate=waiting\nlast_exit=killed by SIGSEGV\nnext_start_ms=1008000\n");
	assert_string_equal(judge(), "Not ready: relay failed (killed by SIGSEGV), next start in 8 s");
	set_service("name=relay\nstate=running\nrestarts=3\nsince_ms=999000\nlast_exit=exit status 1\n");
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688; relay restarted (exit status 1)");
	assert_int_equal(verdict.tone, TONE_WARN);
	child_record_read(&state.service, "service", NULL, RECORD_UNREADABLE);
	assert_string_equal(judge(), "Not ready: service: its record is unreadable");
}

static void test_upstreams(void **unused)
{
	(void)unused;
	set_well(&state);
	set_relay("state=no upstream\nhint=set relay.upstream=HOST:PORT\n");
	assert_string_equal(judge(), "Not ready: no upstream set: set relay.upstream=HOST:PORT");
	set_relay("state=no upstream\nupstream.1=a:1 down connection refused\nupstream.2=b:2 down\n");
	assert_string_equal(judge(), "Not ready: no upstream answers: a:1 (connection refused)");
	set_relay("state=ready\nupstream.1=a:1 down\nupstream.2=b:2 unknown\nupstream.3=c:3 up\n");
	assert_string_equal(judge(), "Ready: relay to c:3; 1 of 3 upstreams down");
	set_relay("state=ready\nupstream.1=a:1 unknown\n");
	assert_string_equal(judge(), "Ready: relay to a:1 (not tried yet)");
	set_relay("state=cannot listen\nhint=port 1688 is taken\nupstream.1=a:1 up\n");
	assert_string_equal(judge(), "Not ready: relay: cannot listen (port 1688 is taken)");
	relay_record_read(&state.relay, NULL, RECORD_UNREADABLE);
	assert_string_equal(
		judge(), "Ready: relay on 192.0.2.77, port 1688/tcp; the relay's record is unreadable");
}

static void test_sources(void **unused)
{
	(void)unused;
	set_well(&state);
	set_relay("state=no upstream\nhint=x\nsource.1=srv:_vlmcs._tcp waiting no search domain yet\n");
	assert_string_equal(judge(), "Not ready: no upstream found: srv:_vlmcs._tcp (no search domain yet)");
	assert_int_equal(verdict.tone, TONE_BAD);
	set_relay("state=ready\nsource.2=a:1 waiting\nsource.3=b:1 failed NXDOMAIN\nsource.4=c:1 stale x\n");
	assert_string_equal(judge(), "Not ready: no upstream found: b:1 (NXDOMAIN) and 2 more");
	set_relay("state=no upstream\nsource.1=a:1 waiting\n");
	assert_string_equal(judge(), "Not ready: no upstream found: a:1 (no answer from DNS yet)");
	set_relay("state=ready\nupstream.1=a:1 up\nsource.1=srv:_x._tcp.example stale SERVFAIL\n");
	assert_string_equal(judge(), "Ready: relay to a:1; DNS fails, its last answer stays in force: "
				     "srv:_x._tcp.example (SERVFAIL)");
	assert_int_equal(verdict.tone, TONE_WARN);
	set_relay("state=ready\nupstream.1=a:1 down timed out\nsource.1=b:1 failed NXDOMAIN\n");
	assert_string_equal(
		judge(), "Not ready: no upstream answers: a:1 (timed out); not found: b:1 (NXDOMAIN)");
	set_relay("state=ready\nupstream.1=a:1 up\nsource.1=b:1 waiting\n");
	assert_string_equal(judge(), "Ready: relay to a:1; waiting for DNS: b:1 (no answer from DNS yet)");
	set_relay(
		"state=ready\nupstream.1=a:1 up\nsource.1=a:1 ok\nrefused_guard=9\nrefused_not_allowed=9\n");
	assert_string_equal(judge(), "Ready: relay to a:1");
	assert_int_equal(verdict.tone, TONE_GOOD);
	set_relay("state=no upstream\nhint=x\nsource.1=a:1 ok\n");
	assert_string_equal(judge(), "Not ready: relay: no upstream (x)");
	set_relay("state=cannot listen\nhint=taken\nsource.1=a:1 failed NXDOMAIN\n");
	assert_string_equal(
		judge(), "Not ready: relay: cannot listen (taken); no upstream found: a:1 (NXDOMAIN)");
}

static void test_nobody_may_come(void **unused)
{
	(void)unused;
	set_well(&state);
	set_relay("state=ready\nupstream.1=a:1 up\nallow.1=none\nguard=off\n");
	assert_string_equal(judge(), "Not ready: relay.allow is none: nobody may come");
	set_relay("state=ready\nupstream.1=a:1 up\nallow.1=10.0.0.0/8\nguard=none\n");
	assert_string_equal(judge(), "Not ready: relay.guard is none: nobody may come");
}

static void test_no_network_is_on_link(void **unused)
{
	static const struct {
		const char *text;
		bool told;
	} cases[] = {
		{"allow.1=on-link\n", true},
		{"allow.1=on-link\non_link.1=203.0.113.1/32\non_link.2=fe80::/64\non_link.3=2001:db8::1/"
		 "128\n",
			true},
		{"allow.1=on-link\non_link.1=203.0.113.1/32\non_link.2=2001:db8::/64\n", false},
		{"allow.1=on-link\non_link.1=192.0.2.0/31\n", false},
		{"allow.1=10.0.0.0/8\nallow.2=on-link\non_link.1=203.0.113.1/32\n", false},
		{"allow.1=10.0.0.0/8\n", false},
	};
	char record[256];
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_well(&state);
		snprintf(record, sizeof(record), "state=ready\nupstream.1=a:1 up\n%s", cases[i].text);
		set_relay(record);
		assert_string_equal(
			judge(), cases[i].told ? "Ready: relay to a:1; no network is on-link: set relay.allow"
					       : "Ready: relay to a:1");
	}
	set_relay("state=ready\nupstream.1=a:1 up\nallow.1=on-link\n");
	set_nic("link=up\n"); /* without an address it is too early to tell */
	assert_null(strstr(judge(), "on-link"));
}

static void test_stale_relay_record_counts_for_nothing(void **unused)
{
	(void)unused;
	set_well(&state);
	set_service("name=relay\nstate=starting\n");
	set_relay("state=no upstream\n");
	assert_string_equal(judge(), "Not ready: relay: starting");
}

static void test_refused_settings_and_silent_init(void **unused)
{
	(void)unused;
	set_well(&state);
	state.system.settings_refused = 1;
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688; 1 setting refused");
	state.system.settings_refused = 0;
	state.system.uptime_s = 990;
	assert_string_equal(judge(), "Ready: relay to 10.0.0.5:1688; init has been silent for 10 s");
}

static void test_stopping(void **unused)
{
	(void)unused;
	set_well(&state);
	system_record_read(
		&state.system, view_of("state=stopping\nstopping_reason=power button\n"), RECORD_READ);
	assert_string_equal(judge(), "Stopping: power button");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_without_a_relay),
		cmocka_unit_test(test_ports_that_are_not_listened_to),
		cmocka_unit_test(test_a_health_check),
		cmocka_unit_test(test_service_without_ports_is_ready_when_it_runs),
		cmocka_unit_test(test_relay_tells_of_its_ports_itself),
		cmocka_unit_test(test_nothing_yet),
		cmocka_unit_test(test_waits_for_an_address),
		cmocka_unit_test(test_no_link),
		cmocka_unit_test(test_one_usable_nic_is_enough),
		cmocka_unit_test(test_nic_that_gets_nothing_is_named_last),
		cmocka_unit_test(test_settings_that_are_not_in_force),
		cmocka_unit_test(test_service_failed),
		cmocka_unit_test(test_upstreams),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_nobody_may_come),
		cmocka_unit_test(test_no_network_is_on_link),
		cmocka_unit_test(test_stale_relay_record_counts_for_nothing),
		cmocka_unit_test(test_refused_settings_and_silent_init),
		cmocka_unit_test(test_stopping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
