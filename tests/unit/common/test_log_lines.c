/* The log's lines are read whole or refused; the newest ones when there is no room for all. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/log_lines.h"
#include "common/record.h"
#include "unit/common/folder.h"

static char bytes[LOG_LINES_BYTES_MAX + 2];

static void write_lines(const char *text, size_t length)
{
	const struct iovec piece = {.iov_base = (char *)text, .iov_len = length};
	assert_int_equal(record_make_folder("log"), 0);
	assert_int_equal(record_write_file("log", LOG_LINES_NAME, &piece, 1), 0);
}

static void lines_are_walked_both_ways(void **state)
{
	static const char file[] =
		"0 6 init begins\n1500 3 console.ttyS0 two  blanks \n9223372036854775807 0 kernel \n";
	static const struct {
		long long time_ms;
		unsigned level;
		const char *name, *text;
	} expected[] = {{0, 6, "init", "begins"}, {1500, 3, "console.ttyS0", "two  blanks "},
		{INT64_MAX, 0, "kernel", ""}};
	struct log_entry e;
	size_t at = 0, back[4];
	(void)state;
	write_lines(file, strlen(file));
	ssize_t length = log_lines_read(bytes, sizeof(bytes));
	assert_int_equal(length, strlen(file));
	for (size_t i = 0; i < 3; i++) {
		back[i] = at;
		assert_true(log_lines_next(bytes, (size_t)length, &at, &e));
		assert_int_equal(e.time_ms, expected[i].time_ms);
		assert_int_equal(e.level, expected[i].level);
		assert_int_equal(e.name_bytes, strlen(expected[i].name));
		assert_memory_equal(e.name, expected[i].name, e.name_bytes);
		assert_int_equal(e.text_bytes, strlen(expected[i].text));
		assert_memory_equal(e.text, expected[i].text, e.text_bytes);
	}
	assert_false(log_lines_next(bytes, (size_t)length, &at, &e));
	for (size_t i = 3; i-- > 0;) {
		assert_true(log_lines_previous(bytes, &at, &e));
		assert_int_equal(at, back[i]);
		assert_int_equal(e.time_ms, expected[i].time_ms);
	}
	assert_false(log_lines_previous(bytes, &at, &e));
}

static void with_little_room_the_newest_are_read(void **state)
{
	static const char file[] = "1 6 a first\n2 6 a second\n3 6 a third\n";
	(void)state;
	write_lines(file, strlen(file));
	for (size_t room = 0; room <= strlen(file); room++) {
		ssize_t length = log_lines_read(bytes, room);
		size_t whole = room >= 37 ? 37 : room >= 26 ? 25 : room >= 13 ? 12 : 0;
		assert_int_equal(length, whole);
		assert_memory_equal(bytes, file + strlen(file) - whole, whole);
	}
}

static void what_is_not_of_the_form_is_refused(void **state)
{
	static const char *const bad[] = {"1 6 a text", "\n", "1 6 a\n", "1 8 a t\n", "1 66 a t\n",
		"-1 6 a t\n", "x 6 a t\n", "1 6  t\n", "1 6 a t\x1b[2J\n", "1 6 a t\r\n", "1 6 a \xc3\xa9\n",
		"9223372036854775808 6 a t\n", "1 6 a t\n\n", "1 6 n123456789012345678901234567890123 t\n"};
	static char huge[LOG_LINES_BYTES_MAX + 1];
	struct log_entry e;
	size_t at = 0;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_lines(bad[i], strlen(bad[i]));
		errno = 0;
		if (log_lines_read(bytes, sizeof(bytes)) != -1 || errno != EBADMSG)
			fail_msg("taken: %s", bad[i]);
	}
	write_lines("1 6 a \0\n", 8);
	assert_int_equal(log_lines_read(bytes, sizeof(bytes)), -1);
	memset(huge, 'x', sizeof(huge));
	memcpy(huge, "1 6 a ", 6);
	huge[sizeof(huge) - 1] = '\n';
	assert_false(log_lines_next(huge, sizeof(huge), &at, &e));
	write_lines(huge, sizeof(huge));
	assert_int_equal(log_lines_read(bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EFBIG);
}

static void missing_is_told(void **state)
{
	char names[4][RECORD_NAME_MAX];
	(void)state;
	write_lines("", 0);
	assert_int_equal(log_lines_read(bytes, sizeof(bytes)), 0);
	assert_int_equal(record_list("log", names, 4), 0);
	assert_int_equal(record_remove("log", LOG_LINES_NAME), 0);
	assert_int_equal(log_lines_read(bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_walked_both_ways),
		cmocka_unit_test(with_little_room_the_newest_are_read),
		cmocka_unit_test(what_is_not_of_the_form_is_refused),
		cmocka_unit_test(missing_is_told),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
