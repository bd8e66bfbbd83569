/* Names of system calls, and the kernel's line about the one that ended a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call_names.h"

/* What /dev/kmsg gives, a line a read; NULL: as when lines have been overwritten. */
static const char *const *lines;
static size_t line_count, line_next;

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	(void)flags;
	assert_string_equal(path, "/dev/kmsg");
	line_next = 0;
	return lines == NULL ? -1 : dup(0);
}

ssize_t __wrap_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	(void)fd;
	const char *line = line_next < line_count ? lines[line_next] : NULL;
	if (line_next++ >= line_count || line == NULL) {
		errno = line_next > line_count ? EAGAIN : EPIPE;
		return -1;
	}
	assert_true(strlen(line) < size);
	memcpy(buffer, line, strlen(line));
	return (ssize_t)strlen(line);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(call_name(SYS_read), "read");
	assert_string_equal(call_name(SYS_ptrace), "ptrace");
	assert_string_equal(call_name(SYS_clone3), "clone3");
	assert_null(call_name(400)); /* between two ranges of numbers */
	assert_null(call_name(100000));
	assert_null(call_name(UINT32_MAX));
	for (unsigned long number = 0; number < 512; number++)
		if (call_name(number) != NULL)
			assert_int_equal(call_number(call_name(number), strlen(call_name(number))), number);
	assert_int_equal(call_number("writev", 5), SYS_write);
	assert_int_equal(call_number("", 0), -1);
	assert_int_equal(call_number("writ", 4), -1);
}

#define FIND(pid, ...)                                                                                       \
	(lines = (const char *const[]){__VA_ARGS__}, line_next = 0,                                          \
		line_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),                    \
		call_that_ended(pid))

static void the_kernel_s_line(void **state)
{
	(void)state;
	assert_int_equal(FIND(36, "4,1,2,-;seccomp: web[36]: system call 101\n"), 101);
	assert_int_equal(FIND(3, "4,1,2,-;seccomp: web[36]: system call 101\n"), -1);
	assert_int_equal(FIND(36, NULL, "6,1,2,-;Linux\n", "4,1,2,-;seccomp: web[36]: system call 7\n",
				 "4,1,2,-;seccomp: net[37]: system call 8\n", "6,1,2,-;more\n"),
		7);
	/* The last one of a number that was used twice; a name that a program gave itself. */
	assert_int_equal(FIND(36, "4,1,2,-;seccomp: a[36]: system call 7\n",
				 "4,1,2,-;seccomp: [36]: system call 1[36]: system call 9\n"),
		9);
	assert_int_equal(FIND(36, "4,1,2,-;web: seccomp: web[36]: system call 7\n", "no kmsg"), -1);
	lines = NULL;
	assert_int_equal(call_that_ended(36), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(the_kernel_s_line)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
