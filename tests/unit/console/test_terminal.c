/* Output to a terminal never blocks, and ends the screen only when the terminal is gone. */
#include <errno.h>

#include "fixture.h"
#include "terminal.h"

static struct terminal terminal;
static ssize_t taken; /* by the next write(), or -1 with the error */
static int error;

ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	(void)fd, (void)bytes;
	errno = error;
	return taken > (ssize_t)size ? (ssize_t)size : taken;
}

static int setup(void **unused)
{
	(void)unused;
	terminal = (struct terminal){.out = (struct text)TEXT(terminal.data), .blocked_since_ms = -1};
	text_clear(&terminal.out);
	text_add(&terminal.out, "a frame");
	taken = -1;
	return 0;
}

static void terminal_that_takes_nothing_is_waited_for(void **unused)
{
	(void)unused;
	error = EAGAIN;
	assert_int_equal(terminal_flush(&terminal, 5), strlen("a frame"));
	assert_int_equal(terminal.blocked_since_ms, 5);
	taken = 100;
	assert_int_equal(terminal_flush(&terminal, 6), 0);
	assert_int_equal(terminal.blocked_since_ms, -1);
}

static void frame_without_memory_is_dropped(void **unused)
{
	(void)unused;
	error = ENOMEM;
	assert_int_equal(terminal_flush(&terminal, 5), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(terminal.out.used, 0);
	assert_int_equal(terminal.sent, 0);
}

static void terminal_that_is_gone_is_told(void **unused)
{
	(void)unused;
	error = EIO;
	assert_int_equal(terminal_flush(&terminal, 5), -1);
	assert_int_equal(errno, EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(terminal_that_takes_nothing_is_waited_for, setup),
		cmocka_unit_test_setup(frame_without_memory_is_dropped, setup),
		cmocka_unit_test_setup(terminal_that_is_gone_is_told, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
