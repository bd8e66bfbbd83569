/* Linked into the programs of `make check-slow`: they are late, as on a machine that has no time for them,
 * and what they write in several files or lines is seen in between. Each __wrap_ stands before the function
 * of its name (ld --wrap). */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_MS = 150, LINE_MS = 100, EVENT_MS = 20 };

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);

/* Up to MOST_MS, by the clock's nanoseconds. */
static void wait_a_while(unsigned most_ms)
{
	struct timespec t;
	int saved_errno = errno;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec = (long)((unsigned)t.tv_nsec * 2654435761u % most_ms) * 1000000;
	t.tv_sec = 0;
	nanosleep(&t, NULL);
	errno = saved_errno;
}

int __wrap_rename(const char *from, const char *to)
{
	wait_a_while(RECORD_MS);
	int result = __real_rename(from, to);
	wait_a_while(RECORD_MS);
	return result;
}

int __wrap_unlink(const char *path)
{
	wait_a_while(RECORD_MS);
	return __real_unlink(path);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
	if (fd == STDERR_FILENO)
		wait_a_while(LINE_MS);
	return __real_write(fd, bytes, length);
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int count = __real_epoll_wait(fd, events, max, timeout_ms);
	if (count > 0)
		wait_a_while(EVENT_MS);
	return count;
}
