/* What ntpd tells is read whole or not at all, and the line that is written is the line that is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report.h"

static bool parse(struct report *r, const char *line)
{
	return report_parse(r, line, strlen(line));
}

static void each_action_is_read(void **state)
{
	struct report r;
	(void)state;
	assert_true(parse(&r, "step 16 788918400.123456 192.0.2.1"));
	assert_int_equal(r.action, REPORT_STEP);
	assert_int_equal(r.stratum, REPORT_STRATUM_NONE);
	assert_int_equal(r.offset_us, INT64_C(788918400123456));
	assert_string_equal(r.peer, "192.0.2.1");
	assert_true(parse(&r, "stratum 3 -0.000321 2001:db8::1"));
	assert_int_equal(r.action, REPORT_STRATUM);
	assert_int_equal(r.stratum, 3);
	assert_int_equal(r.offset_us, -321);
	assert_string_equal(r.peer, "2001:db8::1");
	assert_true(parse(&r, "periodic 2 0.000000 192.0.2.1"));
	assert_int_equal(r.action, REPORT_PERIODIC);
	assert_int_equal(r.offset_us, 0);
	assert_true(parse(&r, "unsync 16 0.000000 "));
	assert_int_equal(r.action, REPORT_UNSYNC);
	assert_string_equal(r.peer, "");
}

static void anything_else_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = {"", " ", "step", "step ", "step 1", "step 1 ", "steps 1 0.000000 a",
		"ste 1 0.000000 a", "step 17 0.000000 a", "step -1 0.000000 a",
		"step 99999999999999999999 0.000000 a", "step  1 0.000000 a", "step 1 0 a", "step 1 0.0 a",
		"step 1 .000000 a", "step 1 -.000000 a", "step 1 0.00000x a", "step 1 --1.000000 a",
		"step 1 +1.000000 a", "step 1 nan a", "step 1 -inf a", "step 1 1e9.000000 a",
		"step 1 10000000001.000000 a", "step 1 99999999999999999999.000000 a", "step 1 0.000000 a b",
		"step 1 0.000000 \x1b[2J", "step 1 0.000000 a\n",
		"step 1 0.000000 a234567890123456789012345678901234567890123456789012345678901234"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct report r = {.stratum = 7};
		if (parse(&r, bad[i]))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(r.stratum, 7);
	}
}

/* The last byte of a line that is cut anywhere never makes another meaning of it than less of the peer. */
static void a_cut_line_is_refused(void **state)
{
	static const char line[] = "stratum 12 -0.000321 192.0.2.1";
	(void)state;
	for (size_t length = 0; length < strlen("stratum 12 -0.000321"); length++) {
		struct report r;
		assert_false(report_parse(&r, line, length));
	}
}

static void what_is_written_is_read(void **state)
{
	char line[REPORT_LINE_MAX];
	struct text t = TEXT(line);
	struct report r;
	(void)state;
	setenv("stratum", "4", 1);
	setenv("offset", "-0.250000", 1);
	setenv("peer", "192.0.2.7", 1);
	text_add_report(&t, "stratum");
	assert_false(t.overflow);
	assert_int_equal(line[t.used - 1], '\n');
	assert_true(report_parse(&r, line, t.used - 1));
	assert_int_equal(r.stratum, 4);
	assert_int_equal(r.offset_us, -250000);
	assert_string_equal(r.peer, "192.0.2.7");
	unsetenv("stratum");
	text_clear(&t);
	text_add_report(&t, "stratum");
	assert_false(report_parse(&r, line, t.used - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action_is_read),
		cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
		cmocka_unit_test(a_cut_line_is_refused),
		cmocka_unit_test(what_is_written_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
