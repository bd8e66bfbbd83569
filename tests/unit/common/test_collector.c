/* The value of `syslog` is read whole or refused, and written again with its port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/collector.h"

static void good_ones_are_read(void **state)
{
	const struct {
		const char *text, *again, *host;
		bool tcp, literal;
		uint16_t port;
	} cases[] = {
		{"udp://192.0.2.5", "udp://192.0.2.5:514", "192.0.2.5", false, true, 514},
		{"udp://192.0.2.5:1514", "udp://192.0.2.5:1514", "192.0.2.5", false, true, 1514},
		{"tcp://[2001:db8::5]", "tcp://[2001:db8::5]:514", "2001:db8::5", true, true, 514},
		{"tcp://[2001:db8::5]:601", "tcp://[2001:db8::5]:601", "2001:db8::5", true, true, 601},
		{"udp://log", "udp://log:514", "log", false, false, 514},
		{"tcp://log.example.org.:65535", "tcp://log.example.org.:65535", "log.example.org.", true,
			false, 65535},
	};
	char buffer[ENDPOINT_TEXT_MAX + 8];
	struct text t = TEXT(buffer);
	struct collector c;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!collector_parse(&c, cases[i].text, strlen(cases[i].text)))
			fail_msg("refused: %s", cases[i].text);
		assert_int_equal(c.tcp, cases[i].tcp);
		assert_string_equal(c.endpoint.host, cases[i].host);
		assert_int_equal(c.endpoint.literal, cases[i].literal);
		assert_int_equal(c.endpoint.port, cases[i].port);
		text_clear(&t);
		text_add_collector(&t, &c);
		assert_string_equal(buffer, cases[i].again);
	}
}

static void bad_ones_are_refused(void **state)
{
	const char *const bad[] = {"", "off", "udp", "udp://", "tcp:///", "192.0.2.5", "192.0.2.5:514",
		"UDP://a", "udp:/a", "tls://a", "udp://a:", "udp://a:0", "udp://a:65536", "udp://a:1x",
		"udp://a/", "udp://a:1/", "udp://::1", "udp://[::1", "udp://::1]", "udp://[]", "udp://[a]",
		"udp://a b", "udp://a\x1b", " udp://a", "udp://-a", "tcp://user@a", "udp://a:1:2"};
	char longest[300] = "udp://";
	struct collector c = {.tcp = true};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (collector_parse(&c, bad[i], strlen(bad[i])))
			fail_msg("taken: \"%s\"", bad[i]);
	assert_false(collector_parse(&c, "udp://a\0b", 9));
	for (size_t i = 6; i + 1 < sizeof(longest); i++)
		longest[i] = i % 2 == 0 ? 'a' : '.';
	assert_true(collector_parse(&c, longest, 6 + 253));
	assert_false(collector_parse(&c, longest, 6 + 255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_are_read),
		cmocka_unit_test(bad_ones_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
