/* Text keeps its bounds: numbers use up their string, escapes are whole, overflow is reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/text.h"

static void number_uses_up_its_string(void **state)
{
	uint64_t value = 7;
	(void)state;
	assert_true(parse_number("0", 0, 10, &value));
	assert_int_equal(value, 0);
	assert_true(parse_number("18446744073709551615", 0, UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
	value = 7;
	const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "1x", "0x1", "11", "18446744073709551616",
		"99999999999999999999999"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(parse_number(bad[i], 0, 10, &value));
		assert_int_equal(value, 7);
	}
	assert_false(parse_number("4", 5, 10, &value));
}

static void piece_that_does_not_fit_is_left_out_whole(void **state)
{
	char buffer[8];
	struct text t = TEXT(buffer);
	(void)state;
	text_add(&t, "%s", "1234567");
	assert_false(t.overflow);
	assert_string_equal(buffer, "1234567");
	text_add(&t, "%s", "8");
	assert_true(t.overflow);
	assert_string_equal(buffer, "1234567");
	text_clear(&t);
	assert_false(t.overflow);
	text_add(&t, "12345");
	text_add(&t, "%d", 678);
	assert_true(t.overflow);
	assert_string_equal(buffer, "12345");
}

static void bytes_are_put_as_they_are(void **state)
{
	char buffer[8];
	struct text t = TEXT(buffer);
	(void)state;
	text_put(&t, "", 0);
	text_put(&t, "a\x1b%s", 4);
	text_put(&t, "567", 3);
	assert_string_equal(buffer, "a\x1b%s567");
	assert_false(t.overflow);
	text_put(&t, "", 0);
	assert_false(t.overflow);
	text_put(&t, "8", 1);
	assert_true(t.overflow);
	assert_string_equal(buffer, "a\x1b%s567");
}

static void bytes_from_outside_are_escaped(void **state)
{
	char buffer[64];
	struct text t = TEXT(buffer);
	(void)state;
	text_add_escaped(&t, "a\x1b[2J\n\x7f\xff~ ", 10);
	assert_string_equal(buffer, "a\\x1b[2J\\x0a\\x7f\\xff~ ");
	assert_false(t.overflow);
}

static void escape_is_never_cut(void **state)
{
	char buffer[6];
	struct text t = TEXT(buffer);
	(void)state;
	text_add_escaped(&t, "ab\n", 3);
	assert_true(t.overflow);
	assert_string_equal(buffer, "ab");
}

static void durations_and_sizes_are_for_people(void **state)
{
	char buffer[64];
	struct text t = TEXT(buffer);
	const struct {
		uint64_t value;
		const char *duration, *bytes;
	} cases[] = {
		{0, "0 s", "0 B"},
		{59, "59 s", "59 B"},
		{60, "1 min 0 s", "60 B"},
		{1023, "17 min 3 s", "1023 B"},
		{1024, "17 min 4 s", "1.0 KiB"},
		{86399, "23 h 59 min", "84.4 KiB"},
		{86400, "1 d 0 h", "84.4 KiB"},
		{10066330, "116 d 12 h", "9.6 MiB"},
		{204800, "2 d 8 h", "200 KiB"},
		{UINT64_MAX, NULL, "16777216 TiB"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].duration != NULL) {
			text_clear(&t);
			text_add_duration(&t, cases[i].value);
			assert_string_equal(buffer, cases[i].duration);
		}
		text_clear(&t);
		text_add_bytes(&t, cases[i].value);
		assert_string_equal(buffer, cases[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_uses_up_its_string),
		cmocka_unit_test(piece_that_does_not_fit_is_left_out_whole),
		cmocka_unit_test(bytes_are_put_as_they_are),
		cmocka_unit_test(bytes_from_outside_are_escaped),
		cmocka_unit_test(escape_is_never_cut),
		cmocka_unit_test(durations_and_sizes_are_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
