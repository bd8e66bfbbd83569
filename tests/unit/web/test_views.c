/* Page, JSON, metrics and health say the same of the same state, also when there is more of it than usual or
 * nothing. */
#include "unit/status/fixture.h"

#include "fuzz/forms.h"
#include "views.h"

static struct facts facts;
static struct answer answer;

static const char *written_by(view_write *write)
{
	write(&answer, &facts, NOW_MS);
	assert_false(answer.body.overflow);
	assert_int_equal(strlen(answer.data), answer.body.used);
	return answer.data;
}

static int setup(void **state)
{
	(void)state;
	memset(&facts, 0, sizeof(facts));
	set_well(&facts.status);
	facts.boot_unix_ms = -1;
	return 0;
}

static void assert_forms(void)
{
	assert_true(page_well_formed(written_by(page_write)));
	assert_true(json_well_formed(written_by(status_write)));
	assert_true(metrics_well_formed(written_by(metrics_write)));
}

static void one_state_in_all_forms(void **state)
{
	(void)state;
	assert_forms();
	const char *page = written_by(page_write);
	assert_has(page, "<p id=\"verdict\" class=\"good\">Ready: relay to 10.0.0.5:1688</p>");
	assert_has(page, "<title>Ready: relay1, kms-relay 0.1.0</title>");
	assert_has(page, "<td><div><b class=\"good\">ready</b>, 3 connections now of 4096, 1204 in all, 0 "
			 "refused, 0 failed</div>");
	assert_has(page, "<div><b>192.0.2.77/24  ");
	assert_has(page, "<span>number 40</span>");
	assert_has_not(page, "{{");
	const char *json = written_by(status_write);
	assert_has(json,
		"\"ready\": true,\n  \"attention\": false,\n  \"text\": \"Ready: relay to 10.0.0.5:1688\"");
	assert_has(json, "\"connections_now\": 3");
	assert_has(json, "\"address\": \"192.0.2.77/24\",\n     \"origin\": \"dhcp\",\n     \"expires_ms\": "
			 "4600000,\n     \"usable\": true");
	const char *metrics = written_by(metrics_write);
	assert_has(metrics, "\nthimble_healthy 1\n");
	assert_has(metrics, "\nthimble_relay_connections 3\n");
	assert_has(metrics, "\nthimble_relay_upstream_up{upstream=\"10.0.0.5:1688\",source=\"setting\"} 1\n");
	assert_has(metrics, "\nthimble_relay_upstream_connect_seconds{upstream=\"10.0.0.5:1688\",source="
			    "\"setting\"} 0.000412\n");
	assert_has(metrics, "\nthimble_nic_addresses{nic=\"eth0\"} 3\n");
	assert_string_equal(written_by(health_write), "ok\n");
	assert_int_equal(answer.status, 200);
}

static void nothing_is_known_yet(void **state)
{
	(void)state;
	memset(&facts, 0, sizeof(facts));
	facts.boot_unix_ms = -1;
	assert_forms();
	assert_string_equal(written_by(health_write), "Starting: no record from init yet\n");
	assert_int_equal(answer.status, 503);
	assert_has(written_by(metrics_write), "\nthimble_healthy 0\n");
	assert_has_not(answer.data, "thimble_uptime_seconds");
	assert_has_not(written_by(status_write), "\"relay\"");
}

static void service_is_down(void **state)
{
	(void)state;
	child_record_read(&facts.status.service, "service",
		view_of("name=relay\nstate=waiting\nsince_ms=999000\nnext_start_ms=1004000\nrestarts=3\nlast_"
			"exit=exit "
			"status 3\n"),
		RECORD_READ);
	assert_forms();
	assert_string_equal(
		written_by(health_write), "Not ready: relay failed (exit status 3), next start in 4 s\n");
	assert_int_equal(answer.status, 503);
	assert_has(written_by(page_write),
		"class=\"bad\">Not ready: relay failed (exit status 3), next start in 4 s</p>");
	assert_has(written_by(metrics_write), "\nthimble_service_up 0\n");
	assert_has(answer.data, "\nthimble_program_restarts_total{name=\"relay\"} 3\n");
	/* The record of a relay that is gone tells of the past. */
	assert_has_not(answer.data, "thimble_relay_");
	assert_has(written_by(status_write), "\"relay\": {\n  \"state\": \"not running\"}");
}

static void records_are_torn(void **state)
{
	struct status *s = &facts.status;
	(void)state;
	system_record_read(&s->system, NULL, RECORD_UNREADABLE);
	child_record_read(&s->service, "service", NULL, RECORD_UNREADABLE);
	relay_record_read(&s->relay, NULL, RECORD_UNREADABLE);
	nic_record_read(&s->nics[0], "eth0", NULL, RECORD_UNREADABLE);
	resolver_record_read(&s->resolver, NULL, RECORD_UNREADABLE);
	link_record_read(&s->link, NULL, RECORD_UNREADABLE);
	log_record_read(&s->log, 0, -1, RECORD_UNREADABLE);
	assert_forms();
	assert_has(written_by(page_write), "its record is unreadable");
	assert_has(written_by(status_write), "\"record\": \"unreadable\"");
}

/* The template is filled once: what stands in a record is text, also when it looks like a place to fill. */
static void words_of_the_template(void **state)
{
	(void)state;
	system_record_read(&facts.status.system,
		view_of("appliance={{state}}\nversion=1\nhostname={{title}}<b>\nstate=running\nuptime_s=1\n"),
		RECORD_READ);
	assert_forms();
	assert_has(written_by(page_write), "<title>Ready: {{title}}&lt;b&gt;, {{state}} 1</title>");
	assert_has(answer.data, "<p id=\"host\">{{title}}&lt;b&gt;</p>");
}

/* As much as the model holds: it all fits. */
static void the_fullest_state_fits(void **state)
{
	static char relay[RECORD_BYTES_MAX], nic[RECORD_BYTES_MAX];
	struct text r = TEXT(relay), n = TEXT(nic);
	struct status *s = &facts.status;
	(void)state;
	text_add(&r, "state=ready\n");
	for (int i = 1; i <= UPSTREAMS_MAX; i++)
		text_add(&r,
			"upstream.%d=%0100d.example.org:1688 down Connection "
			"refused\nupstream_source.%d=srv:_a._tcp\n",
			i, i, i);
	text_add(&n, "mac=52:54:00:12:34:56\nlink=up\ndriver=virtio_net\ndhcp4=bound\n");
	for (int i = 1; i <= ADDRESSES_MAX; i++)
		text_add(&n, "address.%d=2001:db8:aaaa:bbbb:cccc:dddd:eeee:%x/128 dhcp 87400000 deprecated\n",
			i, i);
	relay_record_read(&s->relay, view_of(relay), RECORD_READ);
	for (s->nic_count = 0; s->nic_count < NICS_MAX;)
		add_nic(s, "enp0s31f6", nic);
	for (s->child_count = 0; s->child_count < CHILDREN_MAX; s->child_count++)
		child_record_read(&s->children[s->child_count], "child",
			view_of("name=child\nstate=waiting\nlast_exit=killed by SIGSEGV\n"), RECORD_READ);
	set_log(s, 100, 4000,
		" which is of a good length for a line of the log, and has words in it that mean nothing");
	assert_forms();
	assert_has_not(written_by(page_write), "There is more than");
}

static void nic_counters_come_from_the_kernel(void **state)
{
	(void)state;
	strcpy(facts.nic_counters,
		"Inter-|   Receive                                                |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
		"drop fifo colls\n"
		"    lo:      84       1    0    0    0     0          0         0       84       1    0    "
		"0    0     0\n"
		"  eth0: 1234567     801    2    3    0     0          0         0  7654321     902    4    "
		"5    0     0\n");
	const char *metrics = written_by(metrics_write);
	assert_has(metrics, "\nthimble_nic_receive_bytes_total{nic=\"eth0\"} 1234567\n");
	assert_has(metrics, "\nthimble_nic_receive_dropped_total{nic=\"eth0\"} 3\n");
	assert_has(metrics, "\nthimble_nic_transmit_bytes_total{nic=\"eth0\"} 7654321\n");
	assert_has(metrics, "\nthimble_nic_transmit_dropped_total{nic=\"eth0\"} 5\n");
	assert_true(metrics_well_formed(metrics));
	strcpy(facts.nic_counters, "  eth0: x 801\n eth");
	assert_has_not(written_by(metrics_write), "thimble_nic_receive_bytes_total{");
}

/* Each is a series in Prometheus, for as long as that keeps them. */
static void names_that_never_end(void **state)
{
	char record[128], label[64];
	unsigned told = 0;
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(record, sizeof(record),
			"state=ready\nupstream.1=h%u.example:1 "
			"up\nupstream_connect_us.1=5\nupstream.2=10.0.0.5:1688 up\n",
			i);
		snprintf(label, sizeof(label), "upstream=\"h%u.example:1\"", i);
		relay_record_read(&facts.status.relay, view_of(record), RECORD_READ);
		const char *metrics = written_by(metrics_write);
		assert_true(metrics_well_formed(metrics));
		told += strstr(metrics, label) != NULL;
		assert_has(metrics, "upstream=\"10.0.0.5:1688\"");
	}
	assert_in_range(told, 100, 256);
}

static void those_outside(void **state)
{
	struct status *s = &facts.status;
	(void)state;
	collector_record_read(&s->collector,
		view_of("collector=udp://"
			"192.0.2.9:514\ncollector_origin=dhcp\nstate=failed\nerror=Connection "
			"refused\nsent=12\nlost=3\nqueued=1\nlimited=4\n"),
		RECORD_READ);
	agent_record_read(&s->agent,
		view_of("backend=qemu\nstate=connected\nrequests=12\nrefused=1\nlast_request=guest-ping\n"
			"last_request_ms=997000\n"),
		RECORD_READ);
	assert_forms();
	assert_has(written_by(page_write), "<th scope=\"row\">Syslog</th><td><div><b "
					   "class=\"warn\">failed</b>: udp://192.0.2.9:514 (dhcp), "
					   "12 lines, 3 lost: Connection refused</div>");
	assert_has(answer.data,
		"<th scope=\"row\">Agent</th><td><div><b class=\"good\">qemu</b> connected, 12 "
		"requests, 1 refused, the last guest-ping 3 s ago</div>");
	assert_has(written_by(status_write), "\"syslog\": {\n  \"limited\": 4,");
	assert_has(answer.data, "\"state\": \"failed\",\n  \"error\": \"Connection refused\"");
	assert_has(answer.data, "\"backend\": \"qemu\"");
	assert_has(written_by(metrics_write), "\nthimble_syslog_up 0\n");
	assert_has(answer.data, "\nthimble_syslog_lost_total 3\n");
	assert_has(answer.data, "\nthimble_log_limited_total 4\n");
	assert_has(answer.data, "\nthimble_agent_connected 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_state_in_all_forms, setup),
		cmocka_unit_test_setup(nothing_is_known_yet, setup),
		cmocka_unit_test_setup(service_is_down, setup),
		cmocka_unit_test_setup(records_are_torn, setup),
		cmocka_unit_test_setup(names_that_never_end, setup),
		cmocka_unit_test_setup(those_outside, setup),
		cmocka_unit_test_setup(words_of_the_template, setup),
		cmocka_unit_test_setup(the_fullest_state_fits, setup),
		cmocka_unit_test_setup(nic_counters_come_from_the_kernel, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
