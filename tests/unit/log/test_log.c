/* The log keeps the newest lines within its bytes, cuts what is too long, and reads both its sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ring.h"
#include "source.h"

static struct ring ring;
static char name[LINE_NAME_MAX + 1], text[LINE_TEXT_MAX + 1];

static int fresh(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

static void newest_lines_are_kept_whole(void **state)
{
	char expected[64];
	struct line line;
	(void)state;
	/* Lengths that do not divide the ring, so that lines wrap at every place. */
	for (int i = 0; i < 100000; i++) {
		int length = snprintf(text, sizeof(text), "line %d %.*s", i, i % 37,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		ring_add(&ring, i, (unsigned)i % 8, "name", 4, text, (size_t)length);
	}
	assert_int_equal(ring.total, 100000);
	assert_true(ring.used <= RING_BYTES);
	size_t at = 0, count = 0;
	int64_t next = (int64_t)(ring.total - ring.count);
	for (; ring_next(&ring, &at, &line, name, text); next++, count++) {
		int length = snprintf(expected, sizeof(expected), "line %lld %.*s", (long long)next,
			(int)next % 37, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		assert_true(length > 0);
		assert_int_equal(line.time_ms, next);
		assert_int_equal(line.level, next % 8);
		assert_string_equal(name, "name");
		assert_string_equal(text, expected);
	}
	assert_int_equal(next, 100000);
	assert_int_equal(count, ring.count);
	assert_true(count > 800);
}

static void long_line_is_cut_visibly(void **state)
{
	char bytes[5000];
	struct line line;
	size_t at = 0;
	(void)state;
	memset(bytes, 'y', sizeof(bytes));
	ring_add(&ring, 1, 6, bytes, 100, bytes, sizeof(bytes));
	assert_true(ring_next(&ring, &at, &line, name, text));
	assert_int_equal(strlen(text), LINE_TEXT_MAX);
	assert_string_equal(text + LINE_TEXT_MAX - 4, "y...");
	assert_int_equal(strlen(name), LINE_NAME_MAX);
}

static char lines[16][LINE_TEXT_MAX + 2];
static unsigned levels[16];
static size_t line_count;

static void take(void *context, unsigned level, const char *bytes, size_t length)
{
	(void)context;
	assert_true(line_count < 16);
	levels[line_count] = level;
	snprintf(lines[line_count++], sizeof(lines[0]), "%.*s", (int)length, bytes);
}

static void output_is_split_into_lines_wherever_it_is_cut(void **state)
{
	static const char output[] = "plain\n<3>bad\r\n\n<9>no level\nlast";
	(void)state;
	for (size_t piece = 1; piece < sizeof(output); piece++) {
		struct partial p = {.used = 0};
		line_count = 0;
		for (size_t at = 0; at < sizeof(output) - 1; at += piece)
			partial_take(&p, output + at,
				at + piece < sizeof(output) - 1 ? piece : sizeof(output) - 1 - at, take,
				NULL);
		assert_int_equal(line_count, 3);
		assert_string_equal(lines[0], "plain");
		assert_int_equal(levels[0], 6);
		assert_string_equal(lines[1], "bad");
		assert_int_equal(levels[1], 3);
		assert_string_equal(lines[2], "<9>no level");
		partial_take(&p, "\n", 1, take, NULL);
		assert_string_equal(lines[3], "last");
	}
}

static void line_without_end_is_bounded(void **state)
{
	char bytes[3000];
	struct partial p = {.used = 0};
	(void)state;
	line_count = 0;
	memset(bytes, 'z', sizeof(bytes));
	for (int i = 0; i < 10; i++)
		partial_take(&p, bytes, sizeof(bytes), take, NULL);
	assert_int_equal(line_count, 0);
	partial_take(&p, "\nnext\n", 6, take, NULL);
	assert_int_equal(line_count, 2);
	assert_int_equal(strlen(lines[0]), LINE_TEXT_MAX + 1); /* which ring_add cuts with a mark */
	assert_string_equal(lines[1], "next");
}

static void kernel_records_are_read(void **state)
{
	unsigned level = 9;
	int64_t time_ms = 0;
	const char *message;
	size_t length;
	const char good[] = "4,339,5140900,-;e1000: link down\n SUBSYSTEM=net\n";
	(void)state;
	assert_true(kmsg_parse(good, sizeof(good) - 1, &level, &time_ms, &message, &length));
	assert_int_equal(level, 4);
	assert_int_equal(time_ms, 5140);
	assert_int_equal(length, strlen("e1000: link down"));
	assert_memory_equal(message, "e1000: link down", length);
	/* A facility other than the kernel's stands in the upper bits. */
	assert_true(kmsg_parse("30,1,2,-;x", 10, &level, &time_ms, &message, &length));
	assert_int_equal(level, 6);
	const char *const bad[] = {
		"", "4", "4,1", "4,1,2,-", "x,1,2,-;t", "4,1,x,-;t", ";", ",,,;", "-4,1,2,-;t"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kmsg_parse(bad[i], strlen(bad[i]), &level, &time_ms, &message, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(newest_lines_are_kept_whole, fresh),
		cmocka_unit_test_setup(long_line_is_cut_visibly, fresh),
		cmocka_unit_test_setup(output_is_split_into_lines_wherever_it_is_cut, fresh),
		cmocka_unit_test_setup(line_without_end_is_bounded, fresh),
		cmocka_unit_test_setup(kernel_records_are_read, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
