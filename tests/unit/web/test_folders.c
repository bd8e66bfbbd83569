/* No change of a record is missed, however soon it follows another, and what rests is not read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/loop.h"
#include "common/record.h"
#include "folders.h"
#include "unit/common/folder.h"

enum { WRITINGS = 500, REST_MS = 5000 };

static struct folders folders;

static void write_record(const char *writer)
{
	static struct record r;
	static unsigned number;
	record_begin(&r);
	record_add(&r, "number", "%u", ++number);
	assert_int_equal(record_commit(&r, writer, "state"), 0);
}

/* Waits until nothing is said to have changed. */
static void wait_rest(void)
{
	int64_t end_ms = now_ms() + REST_MS;
	while (folders_changed(&folders) != 0)
		assert_true(now_ms() < end_ms);
}

static void every_change_is_seen(void **state)
{
	(void)state;
	folders = (struct folders){0};
	assert_int_equal(record_make_folder("net"), 0);
	assert_int_equal(folders_changed(&folders), FOLDERS_ALL);
	for (int i = 0; i < WRITINGS; i++) {
		write_record("net");
		assert_true(folders_changed(&folders) & 1u << FOLDER_NET);
	}
	wait_rest();
	write_record("net");
	assert_int_equal(folders_changed(&folders), 1u << FOLDER_NET);
}

static void folders_come_and_go(void **state)
{
	(void)state;
	folders = (struct folders){0};
	folders_changed(&folders);
	wait_rest();
	assert_int_equal(record_make_folder("agent"), 0);
	assert_int_equal(folders_changed(&folders), 1u << FOLDER_AGENT);
	wait_rest();
	write_record("agent");
	assert_int_equal(folders_changed(&folders), 1u << FOLDER_AGENT);
	wait_rest();
	assert_int_equal(record_remove("agent", "state"), 0);
	assert_int_equal(folders_changed(&folders), 1u << FOLDER_AGENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_is_seen),
		cmocka_unit_test(folders_come_and_go),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
