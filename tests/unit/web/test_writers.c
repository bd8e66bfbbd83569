/* What web writes in: JSON, HTML and metrics stay well-formed whatever is put in, and what does not fit is
 * told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fuzz/forms.h"
#include "html.h"
#include "json.h"
#include "log_text.h"
#include "prometheus.h"

static char buffer[4096];

static struct text empty(size_t size)
{
	struct text t = {.data = buffer, .size = size};
	text_clear(&t);
	return t;
}

static void json_parts_members_and_escapes(void **state)
{
	struct text t = empty(sizeof(buffer));
	struct json j = {.text = &t};
	(void)state;
	json_object(&j, NULL);
	json_number(&j, "a", -7);
	json_array(&j, "b");
	json_string(&j, NULL, "x\"\\\x1b\x7f\xe4");
	json_bool(&j, NULL, true);
	json_end(&j);
	json_object(&j, "c");
	json_end(&j);
	json_told(&j, "none", "");
	json_count(&j, "none", -1);
	json_end(&j);
	assert_string_equal(buffer,
		"{\n \"a\": -7,\n \"b\": [\n  \"x\\\"\\\\\\u001b\\u007f\\u00e4\",\n  true],\n \"c\": {}}\n");
	assert_true(json_well_formed(buffer));
}

static void json_that_does_not_fit_is_told(void **state)
{
	(void)state;
	for (size_t size = 1; size < 32; size++) {
		struct text t = empty(size);
		struct json j = {.text = &t};
		json_object(&j, NULL);
		json_string(&j, "key", "value\"");
		json_end(&j);
		assert_true(t.overflow != (size >= 22));
		assert_true(t.overflow || json_well_formed(buffer));
	}
}

static void json_of_too_many_levels_is_told(void **state)
{
	struct text t = empty(sizeof(buffer));
	struct json j = {.text = &t};
	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array(&j, NULL);
	assert_false(t.overflow);
	json_array(&j, NULL);
	assert_true(t.overflow);
}

static void html_has_no_tag_from_outside(void **state)
{
	static const char hostile[] = "<script>alert(\"1\")</script>&amp;' \x1b\xff\n\0x";
	struct text t = empty(sizeof(buffer));
	(void)state;
	text_add_html(&t, hostile, sizeof(hostile) - 1);
	assert_string_equal(buffer, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39; ????x");
	assert_true(html_well_formed(buffer, t.used));
}

static void rows_go_in_whole_or_not_at_all(void **state)
{
	(void)state;
	for (size_t size = 300; size < 1200; size++) {
		struct text t = empty(size);
		struct html h;
		html_begin(&h, &t);
		html_table(&h, "A <heading>");
		for (int i = 0; i < 4; i++) {
			sheet_line(&h.sheet, "Label", TONE_GOOD, "lead", " and text");
			sheet_line(&h.sheet, "", TONE_BAD, "", "its second line, <b>");
		}
		sheet_rule(&h.sheet, "Another");
		sheet_line(&h.sheet, "Last", TONE_PLAIN, "", "row");
		html_end(&h);
		assert_false(t.overflow);
		assert_true(html_well_formed(buffer, t.used));
		assert_true((strstr(buffer, "There is more") != NULL) == (strstr(buffer, "Last") == NULL));
	}
	assert_non_null(strstr(buffer,
		"<tr><th scope=\"row\">Label</th><td><div><b class=\"good\">lead</b> and text</div>"
		"<div>its second line, &lt;b&gt;</div></td></tr>"));
}

static void metrics_are_in_base_units(void **state)
{
	struct text t = empty(sizeof(buffer));
	const char *const labels[] = {"name", "a\"b\\c\n\xff", "state", "up", NULL}, *const none[] = {NULL};
	(void)state;
	metric_begin(&t, "x_seconds", METRIC_GAUGE, "Help.");
	metric_sample(&t, "x_seconds", 1234567, 1000000, labels);
	metric_sample(&t, "x_seconds", -5, 1000, none);
	metric_number(&t, "left_out", METRIC_COUNTER, "Help.", -1);
	metric_number(&t, "y_total", METRIC_COUNTER, "Help.", 0);
	assert_string_equal(buffer,
		"# HELP thimble_x_seconds Help.\n# TYPE thimble_x_seconds gauge\n"
		"thimble_x_seconds{name=\"a\\\"b\\\\c??\",state=\"up\"} 1.234567\nthimble_x_seconds -0.005\n"
		"# HELP thimble_y_total Help.\n# TYPE thimble_y_total counter\nthimble_y_total 0\n");
	assert_true(metrics_well_formed(buffer));
}

static void times_are_dates_once_there_is_a_clock(void **state)
{
	static const struct {
		int64_t ms, boot_unix_ms;
		const char *text;
	} cases[] = {
		{12345, -1, "12.345s"},
		{12345, 1795342800000, "2026-11-22T10:20:12.345Z"},
		{0, 0, "1970-01-01T00:00:00.000Z"},
		{INT64_MAX, 1795342800000, "9223372036854775.807s"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t = empty(sizeof(buffer));
		text_add_log_time(&t, cases[i].ms, cases[i].boot_unix_ms);
		assert_string_equal(buffer, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_parts_members_and_escapes),
		cmocka_unit_test(json_that_does_not_fit_is_told),
		cmocka_unit_test(json_of_too_many_levels_is_told),
		cmocka_unit_test(html_has_no_tag_from_outside),
		cmocka_unit_test(rows_go_in_whole_or_not_at_all),
		cmocka_unit_test(metrics_are_in_base_units),
		cmocka_unit_test(times_are_dates_once_there_is_a_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
