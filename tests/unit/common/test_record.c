/* Records come back as they were written; torn, missing and overlong ones are told apart; nothing from
 * outside gets through as a control character. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/record.h"
#include "unit/common/folder.h"

static struct record r;
static struct record_view v;

static void write_raw(const char *name, const char *bytes, size_t length)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/w/%s", test_folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	assert_int_equal(record_make_folder("w"), 0);
	record_begin(&r);
	record_add(&r, "a", "%d", 42);
	record_add(&r, "b", "%s", "x=y z");
	record_add(&r, "list.1", "one");
	record_add(&r, "list.2", "two");
	assert_int_equal(record_commit(&r, "w", "n"), 0);
	assert_int_equal(record_read(&v, "w", "n"), 0);
	assert_int_equal(record_get_number(&v, "a", -1), 42);
	assert_string_equal(record_get(&v, "b"), "x=y z");
	assert_string_equal(record_get_item(&v, "list", 2), "two");
	assert_null(record_get_item(&v, "list", 3));
	assert_null(record_get(&v, "c"));
	assert_int_equal(record_get_number(&v, "b", -1), -1);
	size_t at = 0, count = 0;
	for (const char *key, *value; record_next(&v, &at, &key, &value);)
		count++;
	assert_int_equal(count, 4);
}

static void values_cannot_end_a_line(void **state)
{
	(void)state;
	record_begin(&r);
	record_add(&r, "name", "%s", "evil\nstate=running\x1b[2J");
	assert_int_equal(record_commit(&r, "w", "n"), 0);
	assert_int_equal(record_read(&v, "w", "n"), 0);
	assert_string_equal(record_get(&v, "name"), "evil\\x0astate=running\\x1b[2J");
	assert_null(record_get(&v, "state"));
}

static void overlong_record_keeps_what_fits_and_says_so(void **state)
{
	char key[32], value[1000];
	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	record_begin(&r);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k.%d", i);
		record_add(&r, key, "%s", value);
	}
	errno = 0;
	assert_int_equal(record_commit(&r, "w", "long"), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(record_read(&v, "w", "long"), 0);
	assert_string_equal(record_get(&v, "k.0"), value);
	assert_null(record_get(&v, "k.99"));
}

static void torn_missing_and_huge_are_told_apart(void **state)
{
	static char huge[RECORD_BYTES_MAX + 1];
	(void)state;
	assert_int_equal(record_read(&v, "w", "none"), -1);
	assert_int_equal(errno, ENOENT);
	const struct {
		const char *bytes;
		size_t length;
	} torn[] = {{"a=1\nb=2", 7}, {"a\n", 2}, {"=1\n", 3}, {"a=1\n\n", 5}, {"a=\0b\n", 5}};
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		write_raw("torn", torn[i].bytes, torn[i].length);
		errno = 0;
		assert_int_equal(record_read(&v, "w", "torn"), -1);
		assert_int_equal(errno, EBADMSG);
		assert_int_equal(v.bytes, 0);
	}
	memset(huge, 'x', sizeof(huge));
	write_raw("huge", huge, sizeof(huge));
	assert_int_equal(record_read(&v, "w", "huge"), -1);
	assert_int_equal(errno, EFBIG);
	write_raw("empty", "", 0);
	assert_int_equal(record_read(&v, "w", "empty"), 0);
}

static void list_is_sorted_and_leaves_out_what_is_being_written(void **state)
{
	char names[3][RECORD_NAME_MAX];
	(void)state;
	assert_int_equal(record_make_folder("list"), 0);
	record_begin(&r);
	record_add(&r, "a", "1");
	const char *const all[] = {"eth1", "eth0", "eth10", "resolver"};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(record_commit(&r, "list", all[i]), 0);
	write_raw("../list/eth2.new", "a", 1);
	write_raw("../list/resolv.conf", "a", 1);
	assert_int_equal(record_list("list", names, 3), 4);
	assert_int_equal(record_list("nobody", names, 3), 0);
	assert_int_equal(record_remove("list", "resolver"), 0);
	assert_int_equal(record_remove("list", "resolver"), 0);
	assert_int_equal(record_list("list", names, 3), 3);
	assert_string_equal(names[0], "eth0");
	assert_string_equal(names[1], "eth1");
	assert_string_equal(names[2], "eth10");
}

static void name_with_a_slash_is_refused(void **state)
{
	(void)state;
	record_begin(&r);
	assert_int_equal(record_commit(&r, "w", "../x"), -1);
	assert_int_equal(record_read(&v, "w", "../w/n"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(values_cannot_end_a_line),
		cmocka_unit_test(overlong_record_keeps_what_fits_and_says_so),
		cmocka_unit_test(torn_missing_and_huge_are_told_apart),
		cmocka_unit_test(list_is_sorted_and_leaves_out_what_is_being_written),
		cmocka_unit_test(name_with_a_slash_is_refused),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
