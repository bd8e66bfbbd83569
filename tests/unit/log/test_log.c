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
static char bytes_of_line[LOG_LINE_BYTES_MAX];

static int fresh(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

static void assert_entry(
	const struct log_entry *e, long long time_ms, unsigned level, const char *name, const char *text)
{
	char expected[LOG_LINE_BYTES_MAX + 1], got[LOG_LINE_BYTES_MAX + 1];
	snprintf(expected, sizeof(expected), "%lld %u %s %s", time_ms, level, name, text);
	snprintf(got, sizeof(got), "%lld %u %.*s %.*s", (long long)e->time_ms, e->level, (int)e->name_bytes,
		e->name, (int)e->text_bytes, e->text);
	assert_string_equal(got, expected);
}

/* The ring as the file that is written from it. */
static size_t whole(char *file, size_t size)
{
	struct iovec pieces[2];
	ring_pieces(&ring, pieces);
	assert_true(pieces[0].iov_len + pieces[1].iov_len <= size);
	memcpy(file, pieces[0].iov_base, pieces[0].iov_len);
	memcpy(file + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
	return pieces[0].iov_len + pieces[1].iov_len;
}

static void newest_lines_are_kept_whole(void **state)
{
	static char file[LOG_LINES_BYTES_MAX];
	char text[64], expected[64];
	struct log_entry e;
	(void)state;
	/* Lengths that do not divide the ring, so that lines wrap at every place. */
	for (int i = 0; i < 100000; i++) {
		int length = snprintf(text, sizeof(text), "line %d %.*s", i, i % 37,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		ring_add(&ring, i, (unsigned)i % 8, "name", text, (size_t)length);
	}
	assert_int_equal(ring.end.lines, 100000);
	size_t length = whole(file, sizeof(file));
	assert_true(length <= LOG_LINES_BYTES_MAX && length > LOG_LINES_BYTES_MAX - 100);
	struct ring_place at = ring.first;
	size_t in_file = 0;
	long long number = (long long)ring.first.lines;
	for (; ring_next(&ring, &at, &e, bytes_of_line); number++) {
		snprintf(expected, sizeof(expected), "line %lld %.*s", number, (int)(number % 37),
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		assert_entry(&e, number, (unsigned)(number % 8), "name", expected);
		assert_true(log_lines_next(file, length, &in_file, &e));
		assert_entry(&e, number, (unsigned)(number % 8), "name", expected);
		assert_int_equal(at.lines, number + 1);
	}
	assert_int_equal(number, 100000);
	assert_int_equal(in_file, length);
	assert_true(ring.end.lines - ring.first.lines > 800);
}

static void one_line(const char *text, size_t length, struct log_entry *e)
{
	memset(&ring, 0, sizeof(ring));
	ring_add(&ring, 1, 6, "x", text, length);
	struct ring_place at = ring.first;
	assert_true(ring_next(&ring, &at, e, bytes_of_line));
	assert_int_equal(at.bytes, ring.end.bytes);
}

static void long_line_is_cut_visibly(void **state)
{
	char bytes[5000];
	struct log_entry e;
	(void)state;
	memset(bytes, 'y', sizeof(bytes));
	one_line(bytes, LOG_TEXT_MAX, &e);
	assert_int_equal(e.text_bytes, LOG_TEXT_MAX);
	assert_memory_equal(e.text + LOG_TEXT_MAX - 4, "yyyy", 4);
	one_line(bytes, LOG_TEXT_MAX + 1, &e);
	assert_int_equal(e.text_bytes, LOG_TEXT_MAX);
	assert_memory_equal(e.text + LOG_TEXT_MAX - 4, "y...", 4);
	/* Escapes are four bytes, and none is cut in two, wherever they begin. */
	for (size_t lead = 0; lead < 4; lead++) {
		memset(bytes, 0x1b, sizeof(bytes));
		memset(bytes, 'y', lead);
		one_line(bytes, sizeof(bytes), &e);
		assert_true(e.text_bytes <= LOG_TEXT_MAX && e.text_bytes > LOG_TEXT_MAX - 4);
		assert_memory_equal(e.text + e.text_bytes - 7, "\\x1b...", 7);
		assert_int_equal((e.text_bytes - lead - 3) % 4, 0);
	}
}

static void only_printable_ascii_is_kept(void **state)
{
	char all[256];
	struct log_entry e;
	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	one_line(all, 64, &e);
	assert_memory_equal(e.text, "\\x00\\x01", 8);
	one_line(all + 32, 95, &e);
	assert_int_equal(e.text_bytes, 95);
	one_line(all + 127, 129, &e);
	assert_int_equal(e.text_bytes, 4 * 129);
	for (size_t i = 0; i < e.text_bytes; i++)
		assert_true(e.text[i] >= 0x20 && e.text[i] <= 0x7e);
}

static char lines[16][LOG_TEXT_MAX + 2];
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
	assert_int_equal(strlen(lines[0]), LOG_TEXT_MAX + 1); /* which ring_add cuts with a mark */
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
		cmocka_unit_test_setup(only_printable_ascii_is_kept, fresh),
		cmocka_unit_test_setup(output_is_split_into_lines_wherever_it_is_cut, fresh),
		cmocka_unit_test_setup(line_without_end_is_bounded, fresh),
		cmocka_unit_test_setup(kernel_records_are_read, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
