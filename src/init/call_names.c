#include "call_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MAX = 4096, LINE_BYTES = 512 };

/* By number, one behind the other; those that are not used are empty. */
static const char names[] =
#include <calls_names.h>
	;

const char *call_name(unsigned long number)
{
	const char *at = names;
	for (; number > 0 && at < names + sizeof(names) - 1; number--)
		at += strlen(at) + 1;
	return at < names + sizeof(names) - 1 && *at != '\0' ? at : NULL;
}

int call_number(const char *name, size_t length)
{
	int number = 0;
	for (const char *at = names; length > 0 && at < names + sizeof(names) - 1;
		at += strlen(at) + 1, number++)
		if (strlen(at) == length && memcmp(at, name, length) == 0)
			return number;
	return -1;
}

/* The call of "seccomp: COMM[PID]: system call NUMBER", or -1. What COMM is, a program says itself. */
static long read_seccomp_line(const char *line, pid_t pid)
{
	char mark[64];
	const char *text = strchr(line, ';'), *at, *end = NULL;
	if (text == NULL || strncmp(text, ";seccomp: ", 10) != 0)
		return -1;
	snprintf(mark, sizeof(mark), "[%d]: system call ", (int)pid);
	for (at = text; (at = strstr(at, mark)) != NULL; at++)
		end = at + strlen(mark);
	return end != NULL ? strtol(end, NULL, 10) : -1;
}

long call_that_ended(pid_t pid)
{
	char line[LINE_BYTES];
	long found = -1;
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (int i = 0; i < LINES_MAX; i++) {
		ssize_t length = read(fd, line, sizeof(line) - 1);
		if (length < 0 && (errno == EPIPE || errno == EINVAL)) /* overwritten; too long */
			continue;
		if (length <= 0)
			break;
		line[length] = '\0';
		long call = read_seccomp_line(line, pid);
		found = call >= 0 ? call : found;
	}
	close(fd);
	return found;
}
