/* Lines for a pipe that is full: they wait a moment for whoever reads, and are counted when nobody does. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/log.h"

static int pipe_ends[2], saved_stderr;

static int setup(void **state)
{
	(void)state;
	saved_stderr = dup(STDERR_FILENO);
	if (pipe2(pipe_ends, O_NONBLOCK) < 0 || dup2(pipe_ends[1], STDERR_FILENO) < 0)
		return -1;
	log_open("test");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	return 0;
}

static void fill(void)
{
	static const char bytes[4096];
	while (write(pipe_ends[1], bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static void empty(void)
{
	char bytes[4096];
	while (read(pipe_ends[0], bytes, sizeof(bytes)) > 0)
		;
}

static void assert_read(const char *expected)
{
	char bytes[4096];
	ssize_t got = read(pipe_ends[0], bytes, sizeof(bytes) - 1);
	bytes[got > 0 ? got : 0] = '\0';
	assert_string_equal(bytes, expected);
}

static void lines_that_nobody_reads_are_counted(void **state)
{
	(void)state;
	log_info("first");
	assert_read("<6>first\n");
	fill();
	errno = ENOENT;
	for (int i = 0; i < 1000; i++)
		log_info("line %d", i);
	assert_int_equal(errno, ENOENT);
	empty();
	log_info("again");
	assert_read("<4>1000 lines lost: nobody read them\n<6>again\n");
	log_info("and again");
	assert_read("<6>and again\n");
}

static void a_reader_that_is_late_gets_the_line(void **state)
{
	static char bytes[4096];
	int status;
	(void)state;
	fill();
	pid_t reader = fork();
	if (reader == 0) {
		usleep(20000);
		_exit(read(pipe_ends[0], bytes, sizeof(bytes)) != sizeof(bytes));
	}
	log_info("line");
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	while (read(pipe_ends[0], bytes, sizeof(bytes)) == sizeof(bytes) && bytes[0] == '\0')
		;
	assert_memory_equal(bytes, "<6>line\n", 8);
}

/* PID 1, and the log itself. Last: there is no way back. */
static void who_never_waits_counts_at_once(void **state)
{
	(void)state;
	log_never_wait();
	fill();
	log_info("line");
	empty();
	log_info("next");
	assert_read("<4>1 line lost: nobody read them\n<6>next\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_that_nobody_reads_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_that_is_late_gets_the_line, setup, teardown),
		cmocka_unit_test_setup_teardown(who_never_waits_counts_at_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
