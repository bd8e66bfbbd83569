/* Endpoints are parsed whole or refused; addresses are written as the RFCs have them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/net_text.h"

static void good_endpoints_are_read(void **state)
{
	const struct {
		const char *text, *host;
		uint16_t port;
		bool literal;
	} cases[] = {
		{"192.0.2.1:1688", "192.0.2.1", 1688, true},
		{"[2001:db8::1]:1", "2001:db8::1", 1, true},
		{"[::]:65535", "::", 65535, true},
		{"kms.example.org:80", "kms.example.org", 80, false},
		{"a:80", "a", 80, false},
		{"_kms.a-1.org.:80", "_kms.a-1.org.", 80, false},
	};
	struct endpoint e;
	char buffer[64];
	struct text t = TEXT(buffer);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!endpoint_parse(&e, cases[i].text, strlen(cases[i].text)))
			fail_msg("refused: %s", cases[i].text);
		assert_string_equal(e.host, cases[i].host);
		assert_int_equal(e.port, cases[i].port);
		assert_int_equal(e.literal, cases[i].literal);
		if (e.literal) {
			text_clear(&t);
			text_add_sockaddr(&t, (struct sockaddr *)&e.address);
			assert_string_equal(buffer, cases[i].text);
		}
	}
}

static void bad_endpoints_are_refused(void **state)
{
	const char *const bad[] = {"", ":", ":80", "a", "a:", "a:0", "a:65536", "a:-1", "a:1x", "a: 1",
		"a b:1", "[::1]", "[]:1", "[::1:1", "::1:1x", "2001:db8::1:80", "[192.0.2.1]:1", "[a]:1",
		"256.0.0.1:1", "1.2.3:1", "-a:1", "a-:1", "a..b:1", ".a:1", "[fe80::1%nosuchnic]:1",
		"a\x1b:1"};
	struct endpoint e = {.port = 7};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (endpoint_parse(&e, bad[i], strlen(bad[i])))
			fail_msg("taken: \"%s\"", bad[i]);
		assert_int_equal(e.port, 7);
	}
	assert_false(endpoint_parse(&e, "a\0b:1", 5));
}

static void host_names_are_bounded(void **state)
{
	char name[300];
	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(host_name_valid(name, 63));
	assert_false(host_name_valid(name, 64));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	assert_true(host_name_valid(name, 253));
	assert_false(host_name_valid(name, 254));
	assert_false(host_name_valid("", 0));
	assert_false(host_name_valid(".", 1));
}

static void mapped_address_is_written_as_ipv4(void **state)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	char buffer[64];
	struct text t = TEXT(buffer);
	(void)state;
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6.sin6_addr);
	text_add_sockaddr(&t, (struct sockaddr *)&sin6);
	assert_string_equal(buffer, "192.0.2.1:80");
	text_clear(&t);
	text_add_address(&t, (struct sockaddr *)&sin6);
	assert_string_equal(buffer, "192.0.2.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_endpoints_are_read),
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(host_names_are_bounded),
		cmocka_unit_test(mapped_address_is_written_as_ipv4),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
