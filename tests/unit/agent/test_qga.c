/* The QEMU guest agent protocol: what libvirt and Proxmox ask gets the answer of the schema, anything else an
 * error of it, whatever the pieces are that it comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/control.h"
#include "qga.h"
#include "records.h"

static struct facts facts;
static struct qga qga;
static char answer[QGA_ANSWER_MAX];

/* Init, as the linker puts it here. */
static const char *init_answers; /* NULL: it does not */
static char init_was_asked[CONTROL_MESSAGE_MAX];

int __wrap_control_request(const char *request, char to[static CONTROL_MESSAGE_MAX]);
int __wrap_control_request(const char *request, char to[static CONTROL_MESSAGE_MAX])
{
	snprintf(init_was_asked, sizeof(init_was_asked), "%s", request);
	if (init_answers == NULL)
		return -1;
	snprintf(to, CONTROL_MESSAGE_MAX, "%s", init_answers);
	return 0;
}

static int setup(void **state)
{
	qga.facts = &facts;
	return folder_setup(state);
}

static const char *ask_bytes(const char *request, size_t length)
{
	static struct qga_input in;
	struct text t = TEXT(answer);
	memset(&in, 0, sizeof(in));
	for (size_t at = 0; at < length && !in.whole;)
		at += qga_take(&in, request + at, length - at);
	assert_true(in.whole);
	qga_answer(&qga, &in, &t);
	return answer;
}

static const char *ask(const char *request)
{
	return ask_bytes(request, strlen(request));
}

static void assert_answer(const char *request, const char *expected)
{
	char line[QGA_ANSWER_MAX];
	snprintf(line, sizeof(line), "%s\n", expected);
	assert_string_equal(ask(request), line);
	assert_false(qga.refused);
}

static void assert_error(const char *request, const char *class, const char *words)
{
	char head[128];
	snprintf(head, sizeof(head), "{\"error\":{\"class\":\"%s\",\"desc\":\"", class);
	const char *line = ask(request);
	if (strncmp(line, head, strlen(head)) != 0 || strstr(line, words) == NULL || !qga.refused)
		fail_msg("%s: expected %s with \"%s\", got %s", request, class, words, line);
}

static void what_hosts_ask(void **state)
{
	(void)state;
	write_records();
	assert_answer("{\"execute\":\"guest-ping\"}", "{\"return\":{}}");
	assert_answer("{\"execute\":\"guest-ping\",\"arguments\":{}}\n", "{\"return\":{}}");
	assert_answer("{\"execute\":\"guest-sync\", \"arguments\":{\"id\":1234567890123}}",
		"{\"return\":1234567890123}");
	assert_answer("{\"arguments\":{\"id\":-9223372036854775808},\"execute\":\"guest-sync-delimited\"}",
		"\xff{\"return\":-9223372036854775808}");
	assert_answer("{\"execute\":\"guest-network-get-interfaces\"}",
		"{\"return\":[{\"name\":\"eth0\",\"hardware-address\":\"00:15:5d:00:00:01\",\"ip-addresses\":"
		"["
		"{\"ip-address-type\":\"ipv4\",\"ip-address\":\"192.0.2.5\",\"prefix\":24},"
		"{\"ip-address-type\":\"ipv6\",\"ip-address\":\"2001:db8::5\",\"prefix\":64},"
		"{\"ip-address-type\":\"ipv6\",\"ip-address\":\"fe80::1\",\"prefix\":64}]},"
		"{\"name\":\"eth1\",\"hardware-address\":\"00:15:5d:00:00:02\",\"ip-addresses\":["
		"{\"ip-address-type\":\"ipv4\",\"ip-address\":\"198.51.100.7\",\"prefix\":31}]}]}");
	assert_non_null(strstr(ask("{\"execute\":\"guest-get-osinfo\"}"), "\"variant\":\"kms-relay\""));
	assert_non_null(strstr(ask("{\"execute\":\"guest-info\"}"),
		"{\"name\":\"guest-shutdown\",\"enabled\":true,\"success-response\":false}"));
	assert_string_equal(qga.command, "guest-info");
}

static void nothing_is_known_yet(void **state)
{
	(void)state;
	folder_teardown(state);
	folder_setup(state);
	assert_answer("{\"execute\":\"guest-network-get-interfaces\"}", "{\"return\":[]}");
	assert_non_null(strstr(ask("{\"execute\":\"guest-get-osinfo\"}"),
		"\"pretty-name\":\"Thimble " THIMBLE_VERSION "\""));
	assert_non_null(
		strstr(ask("{\"execute\":\"guest-get-host-name\"}"), "{\"return\":{\"host-name\":\""));
	assert_non_null(strstr(ask("{\"execute\":\"guest-get-time\"}"), "{\"return\":1"));
}

static void records_that_lie(void **state)
{
	(void)state;
	write_lines("net", "eth0",
		"mac=00:15:5d:00:00:0x\naddress.1=192.0.2.500/24 dhcp forever\naddress.2=192.0.2.5 dhcp "
		"forever\n"
		"address.3=192.0.2.5/33 dhcp forever\naddress.4=192.0.2.5/24 magic "
		"forever\naddress.5=192.0.2.6/24 dhcp\n"
		"address.6=\"}]}/24 dhcp forever\naddress.7=192.0.2.7/24 dhcp "
		"forever\naddress.8=192.0.2.8/24 dhcp 1\n");
	write_lines("net", "e\"\\\x1b", "mac=\"\n");
	write_lines("net", "torn", "mac");
	write_lines("init", "system", "appliance=a\"b\\x1b\n");
	assert_answer("{\"execute\":\"guest-network-get-interfaces\"}",
		"{\"return\":[{\"name\":\"e\\\"\\\\\\u001b\",\"ip-addresses\":[]},{\"name\":\"eth0\",\"ip-"
		"addresses\":["
		"{\"ip-address-type\":\"ipv4\",\"ip-address\":\"192.0.2.7\",\"prefix\":24}]}]}");
	assert_non_null(strstr(ask("{\"execute\":\"guest-get-osinfo\"}"), "\"variant\":\"a\\\"b\\\\x1b\""));
}

static void more_than_an_answer_holds(void **state)
{
	char name[16];
	char lines[4096];
	size_t used = 0;
	(void)state;
	for (int i = 1; i <= 16; i++)
		used += (size_t)snprintf(lines + used, sizeof(lines) - used,
			"address.%d=2001:db8:1111:2222:3333:4444:5555:66%02x/64 slaac forever\n", i, i);
	for (int i = 0; i < NICS_MAX; i++) {
		snprintf(name, sizeof(name), "eth%d", i);
		write_lines("net", name, lines);
	}
	assert_error("{\"execute\":\"guest-network-get-interfaces\"}", "GenericError", "longer than");
}

static void the_id_comes_back(void **state)
{
	(void)state;
	assert_answer("{\"execute\":\"guest-ping\",\"id\":7}", "{\"return\":{},\"id\":7}");
	assert_answer("{\"id\":\"a\\\"b\",\"execute\":\"guest-ping\"}", "{\"return\":{},\"id\":\"a\\\"b\"}");
	assert_answer("{\"id\":[1,{\"a\":null}],\"execute\":\"guest-ping\"}",
		"{\"return\":{},\"id\":[1,{\"a\":null}]}");
	assert_error("{\"execute\":\"guest-exec\",\"id\":\"x\"}", "CommandNotFound",
		"guest-exec'\"},\"id\":\"x\"}");
	assert_error("{\"execute\":\"guest-ping\",\"id\":\"\xc3\xa9\"}", "GenericError", "printable ASCII");
}

static void what_is_refused(void **state)
{
	(void)state;
	assert_error("{\"execute\":\"guest-file-open\",\"arguments\":{\"path\":\"/\"}}", "CommandNotFound",
		"guest-file-open");
	assert_error("{\"execute\":\"guest-\x1b[2J\n", "GenericError", "no JSON");
	assert_error("{\"execute\":\"\\u001b[2J\"}", "CommandNotFound", "'\\\\u001b[2J'");
	assert_error("{\"execute\":\"\x80\"}", "CommandNotFound", "\\u0080");
	assert_error("{\"execute\":\"guest-ping\",\"arguments\":{\"x\":1}}", "GenericError", "'x'");
	assert_error("{\"execute\":\"guest-ping\",\"arguments\":[]}", "GenericError", "must be an object");
	assert_error("{\"execute\":1}", "GenericError", "must be a string");
	assert_error("{}", "GenericError", "must be a string");
	assert_error("{\"execute\":\"guest-ping\",\"exec-oob\":1}", "GenericError", "'exec-oob'");
	assert_error("[]", "GenericError", "object");
	assert_error("\"x\"\n", "GenericError", "object");
	assert_error("{\"execute\":\"guest-sync\"}", "GenericError", "'id' is missing");
	const char *const ids[] = {"1.0", "1e3", "9223372036854775808", "\"1\"", "null", "{}"};
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char request[96];
		snprintf(request, sizeof(request), "{\"execute\":\"guest-sync\",\"arguments\":{\"id\":%s}}",
			ids[i]);
		assert_error(request, "GenericError", "whole number");
	}
}

static void what_is_no_json(void **state)
{
	const char *const requests[] = {"x", "{\"execute\":\"guest-ping\",}", "{\"execute\" \"guest-ping\"}",
		"{\"execute\":\"guest-ping\" \"id\":1}", "{,}", "{\"execute\":}", "{\"execute\"}", "[1 2]",
		"[1,]", "[,]", "{1:2}", "{{}:1}", "[\"a\":1]", "]", "}", "{\"id\":01}", "{\"id\":-}",
		"{\"id\":1.}", "{\"id\":1e}", "{\"id\":+1}", "{\"id\":tru}", "{\"id\":nul}",
		"{\"id\":\"\\x\"}", "{\"id\":\"\\u12g4\"}", "{\"id\":\"\t\"}", "{\"id\":\"a}", "{\"a\":1]",
		"\"a\" 1", "{\"id\":'a'}", "{\"id\":1:2}", "{\"id\":[]:2}", "{\"id\":\"a\":2}", "7",
		"\"a\":1"};
	char line[128];
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		snprintf(line, sizeof(line), "%s\n", requests[i]);
		assert_error(line, "GenericError", "no JSON");
	}
	assert_error("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
		"GenericError", "too many parts");
}

static void shutdown_goes_to_init(void **state)
{
	(void)state;
	init_answers = "ok";
	assert_string_equal(ask("{\"execute\":\"guest-shutdown\"}"), "");
	assert_string_equal(init_was_asked, "poweroff");
	assert_string_equal(
		ask("{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"reboot\"},\"id\":1}"), "");
	assert_string_equal(init_was_asked, "reboot");
	assert_string_equal(ask("{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"halt\"}}"), "");
	assert_string_equal(init_was_asked, "poweroff");
	assert_false(qga.refused);
	init_was_asked[0] = '\0';
	assert_error("{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"now\"}}", "GenericError",
		"allowed:");
	assert_error(
		"{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":1}}", "GenericError", "allowed:");
	assert_string_equal(init_was_asked, "");
	init_answers = "refused: stopping already";
	assert_error("{\"execute\":\"guest-shutdown\"}", "GenericError", "stopping already");
	init_answers = NULL;
	assert_error("{\"execute\":\"guest-shutdown\"}", "GenericError", "init does not answer");
}

/* Two requests in every way to cut them in two, and what came before them. */
static void in_pieces(void **state)
{
	static const char bytes[] =
		"{\"execute\":\"guest-pi\xff\r\n {\"execute\":\"guest-ping\",\"id\":\"}{\\\"\"}{\"id\":2,"
		"\"execute\":\"guest-ping\"}\n\n";
	static struct qga_input in;
	struct text t = TEXT(answer);
	const size_t length = sizeof(bytes) - 1;
	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		unsigned requests = 0;
		memset(&in, 0, sizeof(in));
		for (size_t at = 0; at < length;) {
			at += qga_take(&in, bytes + at, (at < cut ? cut : length) - at);
			if (!in.whole)
				continue;
			qga_answer(&qga, &in, &t);
			assert_string_equal(answer, requests == 0 ? "{\"return\":{},\"id\":\"}{\\\"\"}\n"
								  : "{\"return\":{},\"id\":2}\n");
			requests++;
		}
		assert_int_equal(requests, 2);
		assert_int_equal(in.used, 0);
	}
}

static void longer_than_allowed(void **state)
{
	static char bytes[2 * QGA_REQUEST_MAX + 64];
	(void)state;
	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes, "{\"execute\":\"guest-ping\"", 23);
	bytes[QGA_REQUEST_MAX - 1] = '}';
	assert_string_equal(ask_bytes(bytes, QGA_REQUEST_MAX), "{\"return\":{}}\n");
	bytes[QGA_REQUEST_MAX - 1] = ' ';
	bytes[QGA_REQUEST_MAX] = '}';
	bytes[sizeof(bytes) - 1] = '\n';
	ask_bytes(bytes, sizeof(bytes));
	assert_non_null(strstr(answer, "longer than 4096 bytes"));
	bytes[sizeof(bytes) - 1] = '\xff';
	ask_bytes(bytes, sizeof(bytes));
	assert_non_null(strstr(answer, "longer than 4096 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hosts_ask),
		cmocka_unit_test(nothing_is_known_yet),
		cmocka_unit_test(records_that_lie),
		cmocka_unit_test(more_than_an_answer_holds),
		cmocka_unit_test(the_id_comes_back),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_is_no_json),
		cmocka_unit_test(shutdown_goes_to_init),
		cmocka_unit_test(in_pieces),
		cmocka_unit_test(longer_than_allowed),
	};
	return cmocka_run_group_tests(tests, setup, folder_teardown);
}
