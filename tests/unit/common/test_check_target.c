/* What a check of a service may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/check_target.h"

static void good(void **state)
{
	struct check_target t;
	(void)state;
	assert_true(check_target_parse(&t, "tcp:1"));
	assert_false(t.http);
	assert_int_equal(t.port, 1);
	assert_true(check_target_parse(&t, "http:65535/"));
	assert_true(t.http);
	assert_int_equal(t.port, 65535);
	assert_string_equal(t.path, "/");
	assert_true(check_target_parse(&t, "http:8080/a/b?c=%20d"));
	assert_string_equal(t.path, "/a/b?c=%20d");
}

static void bad(void **state)
{
	static const char *const values[] = {"", "off", "tcp", "tcp:", "tcp:0", "tcp:65536", "tcp:80/",
		"tcp: 80", "tcp:+80", "udp:53", "http:80", "http:/", "http:80 /", "http:80/a b",
		"http:80/a\r\nHost: b", "http:80/\xc3\xbc", "http:80/\x7f", "HTTP:80/", "http://localhost/"};
	struct check_target t;
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (check_target_parse(&t, values[i]))
			fail_msg("\"%s\" is taken", values[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
