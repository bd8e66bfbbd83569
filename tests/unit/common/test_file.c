/* A file is read whole, cut at the buffer's end, from a pipe in pieces; what cannot be read leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "common/file.h"
#include "unit/common/folder.h"

static char path[128], buffer[8];

static void write_file(const char *bytes)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
	fclose(file);
}

static int setup(void **state)
{
	int result = folder_setup(state);
	snprintf(path, sizeof(path), "%s/file", test_folder);
	memset(buffer, 'x', sizeof(buffer));
	return result;
}

static void assert_reads(const char *bytes, const char *read)
{
	write_file(bytes);
	assert_int_equal(file_read(path, buffer, sizeof(buffer)), strlen(read));
	assert_string_equal(buffer, read);
}

static void lengths(void **state)
{
	(void)state;
	assert_reads("", "");
	assert_reads("123456", "123456");
	assert_reads("1234567", "1234567");
	assert_reads("12345678", "1234567");
}

static void assert_fails(int error)
{
	memset(buffer, 'x', sizeof(buffer));
	errno = 0;
	assert_int_equal(file_read(path, buffer, sizeof(buffer)), -1);
	assert_int_equal(errno, error);
	assert_string_equal(buffer, "");
}

static void what_cannot_be_read(void **state)
{
	(void)state;
	assert_fails(ENOENT);
	strcpy(path, test_folder);
	assert_fails(EISDIR);
}

/* A writer that is not there must not hold up a reader. */
static void nobody_writes_to_a_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, buffer, sizeof(buffer)), 0);
	assert_string_equal(buffer, "");
}

static void pieces_and_the_end(void **state)
{
	int ends[2];
	(void)state;
	assert_int_equal(pipe2(ends, O_DIRECT), 0); /* each write is read alone */
	assert_int_equal(write(ends[1], "12", 2), 2);
	assert_int_equal(write(ends[1], "345", 3), 3);
	close(ends[1]);
	assert_int_equal(file_read_fd(ends[0], buffer, sizeof(buffer)), 5);
	assert_string_equal(buffer, "12345");
	assert_int_equal(fcntl(ends[0], F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lengths, setup, folder_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read, setup, folder_teardown),
		cmocka_unit_test_setup_teardown(nobody_writes_to_a_fifo, setup, folder_teardown),
		cmocka_unit_test_setup_teardown(pieces_and_the_end, setup, folder_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
