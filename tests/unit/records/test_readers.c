/* Records become the model: what is missing, torn or hostile is kept apart from what was told. */
#include "unit/status/fixture.h"

#include <errno.h>

static struct status state;

static void test_missing_and_unreadable(void **unused)
{
	(void)unused;
	assert_int_equal(record_status_of(0, 0), RECORD_READ);
	assert_int_equal(record_status_of(-1, ENOENT), RECORD_MISSING);
	assert_int_equal(record_status_of(-1, EBADMSG), RECORD_UNREADABLE);
	assert_int_equal(record_status_of(-1, EACCES), RECORD_UNREADABLE);
	system_record_read(&state.system, NULL, RECORD_UNREADABLE);
	assert_int_equal(state.system.status, RECORD_UNREADABLE);
	assert_int_equal(state.system.uptime_s, -1);
	assert_string_equal(state.system.hostname, "");
}

static void test_system(void **unused)
{
	(void)unused;
	system_record_read(&state.system,
		view_of("appliance=kms-relay\nstate=stopping\nstopping_reason=power button\nuptime_s=12\n"
			"settings_refused=9\nsetting_refused.1=first\nsetting_refused.2=second\ndebug=1\n"),
		RECORD_READ);
	assert_true(state.system.stopping);
	assert_true(state.system.debug);
	assert_string_equal(state.system.stopping_reason, "power button");
	assert_int_equal(state.system.uptime_s, 12);
	assert_int_equal(state.system.settings_refused, 9);
	assert_int_equal(state.system.refused_listed, 2);
	assert_int_equal(state.system.memory_total_bytes, -1);
}

static void test_child(void **unused)
{
	struct child_record c;
	(void)unused;
	child_record_read(&c, "service",
		view_of("name=dns\nstate=waiting\nnext_start_ms=5000\nlast_exit=exit status 3\nrestarts=4\n"
			"port.1=53/udp\nport.2=53/tcp\n"),
		RECORD_READ);
	assert_string_equal(c.name, "dns");
	assert_int_equal(c.phase, PHASE_WAITING);
	assert_int_equal(c.next_start_ms, 5000);
	assert_string_equal(c.ports, "53/udp, 53/tcp");
	assert_int_equal(c.pid, -1);
	assert_false(child_well(&c, NOW_MS));
	child_record_read(&c, "service", view_of("state=dancing\n"), RECORD_READ);
	assert_int_equal(c.phase, PHASE_UNKNOWN);
	assert_string_equal(c.state, "dancing");
	assert_string_equal(c.name, "service");
}

static void test_child_is_well_a_minute_after_a_restart(void **unused)
{
	struct child_record c;
	(void)unused;
	child_record_read(&c, "x", view_of("state=running\nrestarts=1\nsince_ms=1000000\n"), RECORD_READ);
	assert_false(child_well(&c, 1059999));
	assert_true(child_well(&c, 1060000));
	child_record_read(&c, "x", view_of("state=running\nrestarts=0\nsince_ms=1000000\n"), RECORD_READ);
	assert_true(child_well(&c, 1000000));
}

static void test_relay(void **unused)
{
	(void)unused;
	relay_record_read(&state.relay,
		view_of("state=ready\nupstream.1=10.0.0.5:1688 up\nupstream.2=kms.example:1688 down "
			"connection refused\n"
			"connections_now=x\nconnections_total=18446744073709551616\n"),
		RECORD_READ);
	assert_int_equal(state.relay.upstream_count, 2);
	assert_string_equal(state.relay.upstreams[0].words, "");
	assert_string_equal(state.relay.upstreams[1].endpoint, "kms.example:1688");
	assert_string_equal(state.relay.upstreams[1].state, "down");
	assert_string_equal(state.relay.upstreams[1].words, "connection refused");
	assert_int_equal(state.relay.connections_now, -1);
	assert_int_equal(state.relay.connections_total, -1);
}

static void test_relay_lists(void **unused)
{
	struct relay_record *s = &state.relay;
	(void)unused;
	relay_record_read(s,
		view_of("upstream_source.2=srv:_vlmcs._tcp.example.org\nupstream.1=a:1 up\nupstream.2=b:2 "
			"up\n"
			"upstream_connect_us.1=412\nupstream_connect_us.2=fast\n"
			"source.2=srv:_vlmcs._tcp ok _vlmcs._tcp.example.org\nsource.3=kms:1688 failed no "
			"such name\n"
			"allow.1=on-link\nallow.2=10.0.0.0/8\non_link.1=192.0.2.0/24\nguard=off\n"
			"upstreams_left_out=7\n"),
		RECORD_READ);
	assert_string_equal(s->upstreams[0].source, "");
	assert_string_equal(s->upstreams[1].source, "srv:_vlmcs._tcp.example.org");
	assert_int_equal(s->upstreams[0].connect_us, 412);
	assert_int_equal(s->upstreams[1].connect_us, -1);
	assert_int_equal(s->source_count, 3); /* the first item is an address */
	assert_false(source_flawed(&s->sources[0]));
	assert_false(source_flawed(&s->sources[1]));
	assert_true(source_flawed(&s->sources[2]));
	assert_string_equal(s->sources[2].item, "kms:1688");
	assert_string_equal(s->sources[2].words, "no such name");
	assert_int_equal(s->allowed.count, 2);
	assert_string_equal(s->allowed.text[1], "10.0.0.0/8");
	assert_string_equal(s->on_link.text[0], "192.0.2.0/24");
	assert_string_equal(s->guard, "off");
	assert_int_equal(s->upstreams_left_out, 7);
}

static void test_relay_counters(void **unused)
{
	struct relay_record *s = &state.relay;
	(void)unused;
	relay_record_read(s,
		view_of("refused_not_allowed=1\nrefused_guard=2\nrefused_full=3\nrefused_client_full=4\n"
			"refused_no_upstream=5\nrefused_first_byte=6\nrefused_memory=7\nclosed_idle=8\n"
			"closed_session_time=9\nclosed_gave_way=10\nconnect_p50_us=-5\nconnect_p99_us="
			"\nsession_p50_ms=20\n"
			"session_p99_ms=9223372036854775807\nbytes_to_client=9223372036854775808\n"),
		RECORD_READ);
	for (int i = 0; i < REFUSAL_COUNT; i++)
		assert_int_not_equal(s->refusals[i], 0);
	assert_int_equal(s->refusals[REFUSED_GUARD], 2);
	assert_int_equal(s->refusals[CLOSED_SESSION_TIME], 9);
	assert_int_equal(s->connect_p50_us, -1);
	assert_int_equal(s->connect_p99_us, -1);
	assert_int_equal(s->session_p50_ms, 20);
	assert_true(s->session_p99_ms == INT64_MAX);
	assert_int_equal(s->bytes_to_client, -1);
	relay_record_read(s, view_of("state=ready\n"), RECORD_READ);
	for (int i = 0; i < REFUSAL_COUNT; i++)
		assert_int_equal(s->refusals[i], 0);
}

/* Numbers of lists that are out of order, twice, too large, none. */
static void test_relay_absurd_lists(void **unused)
{
	static char text[RECORD_BYTES_MAX];
	struct relay_record *s = &state.relay;
	size_t used;
	(void)unused;
	relay_record_read(s,
		view_of("upstream.2=b:2 up\nupstream.1=a:1 up\nupstream.1=c:3 up\nupstream.=d:4 "
			"up\nupstream.x=e:5 up\n"
			"upstream.0=f:6 "
			"up\nupstream_source.0=g\nupstream_source.49=h\nupstream_source.4294967297=i\n"
			"source.17=j failed\nsource.0=k failed\nallow.2=l\nsource.1=\n"),
		RECORD_READ);
	assert_int_equal(s->upstream_count, 1);
	assert_string_equal(s->upstreams[0].endpoint, "a:1");
	assert_string_equal(s->upstreams[0].source, "");
	assert_int_equal(s->source_count, 1);
	assert_false(source_flawed(&s->sources[0]));
	assert_int_equal(s->allowed.count, 0);

	used = 0;
	for (int i = 1; i <= 500; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"upstream.%d=h%d:1 up\nallow.%d=10.0.0.%d/32\n", i, i, i, i);
	relay_record_read(s, view_of(text), RECORD_READ);
	assert_int_equal(s->upstream_count, 500);
	assert_int_equal(s->allowed.count, 500);
}

static void test_nic(void **unused)
{
	struct nic_record n;
	(void)unused;
	nic_record_read(&n, "eth0", view_of(NIC_TEXT("192.0.2.77/24")), RECORD_READ);
	assert_true(n.up);
	assert_int_equal(n.address_count, 4);
	assert_string_equal(n.addresses[0].address, "192.0.2.77/24");
	assert_int_equal(n.addresses[0].expires_ms, 4600000);
	assert_true(n.addresses[3].expires_ms == FOREVER);
	assert_string_equal(n.gateways[1].address, "fe80::1");
	assert_string_equal(n.gateways[1].origin, "ra");
	assert_int_equal(n.no_address_since_ms, -1);
	assert_true(nic_usable(&n, NOW_MS));
}

static void test_nic_without_a_usable_address(void **unused)
{
	static const char *const addresses[] = {
		"",
		"address.1=fe80::1/64 link-local forever\n",
		"address.1=169.254.1.2/16 link-local forever\n",
		"address.1=192.0.2.1/24 dhcp 1000000\n",
		"address.1=2001:db8::1/64 slaac forever tentative\n",
		"address.1=2001:db8::1/64 slaac forever dadfailed,tentative\n",
	};
	(void)unused;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct nic_record n;
		char text[256];
		snprintf(text, sizeof(text), "link=up\nno_address_since_ms=700\n%s", addresses[i]);
		nic_record_read(&n, "eth0", view_of(text), RECORD_READ);
		assert_int_equal(n.no_address_since_ms, 700);
		assert_false(nic_usable(&n, NOW_MS));
	}
}

static void test_more_than_is_kept_is_counted(void **unused)
{
	static char text[8192];
	struct nic_record n;
	size_t used = 0;
	(void)unused;
	for (int i = 1; i <= 100; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "address.%d=10.0.0.%d/24 dhcp forever\n", i, i);
	nic_record_read(&n, "eth0", view_of(text), RECORD_READ);
	assert_int_equal(n.address_count, 100);
}

static void test_long_values_end_in_a_mark(void **unused)
{
	char text[1024], target[8];
	(void)unused;
	memset(text, 'x', sizeof(text));
	memcpy(text, "hostname=", 9);
	memcpy(text + 1000, "\n", 2);
	system_record_read(&state.system, view_of(text), RECORD_READ);
	assert_int_equal(strlen(state.system.hostname), sizeof(state.system.hostname) - 1);
	assert_string_equal(state.system.hostname + sizeof(state.system.hostname) - 5, "x...");
	copy_text(target, sizeof(target), "1234567");
	assert_string_equal(target, "1234567");
	copy_text(target, sizeof(target), "12345678");
	assert_string_equal(target, "1234...");
	copy_text(target, sizeof(target), NULL);
	assert_string_equal(target, "");
}

static void test_log(void **unused)
{
	(void)unused;
	set_log_text(&state, "1500 4 dhcpcd eth0: no carrier\n1600 6 a \n", 12);
	assert_int_equal(state.log.count, 2);
	assert_int_equal(state.log.lines_total, 12);
	set_log_text(&state, "1500 4 dhcpcd eth0: no carrier\n1600 6 a \n", -1);
	assert_int_equal(state.log.lines_total, 2);
	log_record_read(&state.log, 7, 12, RECORD_UNREADABLE);
	assert_int_equal(state.log.count, 0);
	assert_int_equal(state.log.bytes, 0);
}

static void test_resolver(void **unused)
{
	(void)unused;
	resolver_record_read(&state.resolver,
		view_of("server.1=192.0.2.1 dhcp4 eth0 5000\nserver.2=2001:db8::1 ra eth0 forever\n"
			"search.1=a.example dhcp4 eth0 forever\nsearch.2=b.example ra eth0 7\n"),
		RECORD_READ);
	assert_int_equal(state.resolver.server_count, 2);
	assert_string_equal(state.resolver.servers[1].origin, "ra");
	assert_string_equal(state.resolver.search, "a.example b.example");
}

static void test_link(void **unused)
{
	char text[4096] = "";
	(void)unused;
	link_record_read(&state.link,
		view_of("waiting.1=52:54:00:12:34:56\nwaiting.2=eth9\n"
			"problem.1=eth0: address 192.0.2.5 refused: Invalid argument\nmtu_before.2=1500\n"),
		RECORD_READ);
	assert_int_equal(state.link.count, 3);
	assert_string_equal(state.link.lines[0], "eth0: address 192.0.2.5 refused: Invalid argument");
	assert_string_equal(state.link.lines[1], "ip: no NIC 52:54:00:12:34:56 yet");
	assert_string_equal(state.link.lines[2], "ip: no NIC eth9 yet");
	link_record_read(&state.link, NULL, RECORD_MISSING);
	assert_int_equal(state.link.count, 0);
	link_record_read(&state.link, NULL, RECORD_UNREADABLE);
	assert_string_equal(state.link.lines[0], "the record link/state is unreadable");

	for (int i = 1; i <= LINK_LINES_MAX + 2; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "problem.%d=%0300d\n", i, i);
	link_record_read(&state.link, view_of(text), RECORD_READ);
	assert_int_equal(state.link.count, LINK_LINES_MAX + 2);
	assert_string_equal(state.link.lines[0] + sizeof(state.link.lines[0]) - 4, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_and_unreadable),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_child_is_well_a_minute_after_a_restart),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_relay_lists),
		cmocka_unit_test(test_relay_counters),
		cmocka_unit_test(test_relay_absurd_lists),
		cmocka_unit_test(test_nic),
		cmocka_unit_test(test_nic_without_a_usable_address),
		cmocka_unit_test(test_more_than_is_kept_is_counted),
		cmocka_unit_test(test_long_values_end_in_a_mark),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_resolver),
		cmocka_unit_test(test_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
