/* Linked into the programs of `make check-inside`: one call of theirs fails as the environment says.
 *
 *   NTH=CALL:WHICH:ERRNO     memory:3:ENOMEM: the third allocation of the program and of what it forks; and
 *                            memory:@1f00c2d4:ENOMEM: the first from that place, the calls that led there
 *   NTH=CALL:WHICH:ERRNO+    that one and those after it; with @ those from that place
 *   NTH_FILE=PATH            gets a line "place CALL NUMBER @PLACE" at the first call from each place, and
 *                            "failed CALL NUMBER @PLACE OFFSET..." at each failure (for addr2line)
 *   NTH_TRACE=1              a failure shows on standard error where it happens
 *
 * At its end the program says on standard error how often it made CALL. Programs that it starts are not
 * meant. The log's own lines (descriptor 2) never fail. Each __wrap_ stands before the function of its name
 * (ld --wrap). */
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS(call)                                                                                          \
	call(memory) call(open) call(read) call(write) call(fork) call(socket) call(accept) call(connect)    \
		call(pipe) call(epoll) call(inotify) call(mmap) call(rename) call(dup)

#define AS_NUMBER(name) CALL_##name,
#define AS_NAME(name)   #name,
enum call { CALLS(AS_NUMBER) CALL_COUNT };
static const char *const names[] = {CALLS(AS_NAME)};

enum { DEPTH = 6, PLACES_MAX = 4096, HELD_FRAMES = 24 };

/* Shared with what is forked. */
static struct shared {
	atomic_ulong made[CALL_COUNT];
	atomic_bool failed;
	atomic_uint place_count;
	unsigned place[PLACES_MAX];
} * shared;

static struct {
	enum call call; /* CALL_COUNT: none */
	unsigned long number;
	unsigned place; /* when number is 0 */
	bool onwards;
	int error;
} wanted = {.call = CALL_COUNT};
static char file[256];
static bool trace;
static pid_t first;
extern const char __executable_start[], etext[];

/* By the kernel's own calls: none of these counts, and no descriptor stays open. */
static void note(const char *line, size_t length)
{
	if (file[0] == '\0')
		return;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	syscall(SYS_write, fd, line, length);
	syscall(SYS_close, fd);
}

/* The program's own calls that led here, as offsets in its file: the same in each run. */
__attribute__((noinline)) static int offsets(unsigned long list[static DEPTH])
{
	void *frames[HELD_FRAMES];
	int count = 0, held = backtrace(frames, HELD_FRAMES);
	/* The first four are of this file, and the sanitizer's backtrace(). */
	for (int i = 4; i < held && count < DEPTH; i++)
		if ((const char *)frames[i] > __executable_start && (const char *)frames[i] < etext)
			list[count++] = (unsigned long)((const char *)frames[i] - __executable_start);
	return count;
}

static bool is_new(unsigned place)
{
	unsigned count = atomic_load(&shared->place_count);
	for (unsigned i = 0; i < count; i++)
		if (shared->place[i] == place)
			return false;
	if (count < PLACES_MAX) {
		shared->place[count] = place;
		atomic_store(&shared->place_count, count + 1);
	}
	return true;
}

static bool is_wanted(enum call call, unsigned long number, unsigned place)
{
	if (call != wanted.call)
		return false;
	bool here = wanted.number == 0 ? place == wanted.place
		    : wanted.onwards   ? number >= wanted.number
				       : number == wanted.number;
	return here && (!atomic_exchange(&shared->failed, true) || wanted.onwards);
}

/* Whether this call is to fail; with errno. */
__attribute__((noinline)) static bool fails(enum call call)
{
	unsigned long list[DEPTH];
	char line[256];
	int saved_errno = errno;
	if (shared == NULL)
		return false;
	unsigned long number = atomic_fetch_add(&shared->made[call], 1) + 1;
	if (wanted.call == CALL_COUNT && file[0] == '\0')
		return false;
	unsigned place = 2166136261u + call; /* FNV-1a */
	int count = offsets(list);
	for (int i = 0; i < count; i++)
		place = (place ^ (unsigned)list[i]) * 16777619u;
	if (is_new(place))
		note(line, (size_t)snprintf(
				   line, sizeof(line), "place %s %lu @%08x\n", names[call], number, place));
	errno = saved_errno;
	if (!is_wanted(call, number, place))
		return false;
	int length = snprintf(line, sizeof(line), "failed %s %lu @%08x", names[call], number, place);
	for (int i = 0; i < count; i++)
		length += snprintf(line + length, sizeof(line) - (size_t)length, " %lx", list[i] - 1);
	line[length++] = '\n';
	note(line, (size_t)length);
	if (trace)
		__sanitizer_print_stack_trace();
	errno = wanted.error;
	return true;
}

static void say_counts(void)
{
	if (getpid() != first || wanted.call == CALL_COUNT)
		return;
	dprintf(STDERR_FILENO, "<6>nth: %s %lu %s\n", names[wanted.call],
		atomic_load(&shared->made[wanted.call]),
		atomic_load(&shared->failed) ? "failed" : "none failed");
}

static void read_wish(const char *wish)
{
	char call[16], which[24], error[24];
	if (sscanf(wish, "%15[^:]:%23[^:]:%23[A-Z0-9]", call, which, error) != 3)
		goto bad;
	wanted.onwards = wish[strlen(wish) - 1] == '+';
	for (int i = 0; i < CALL_COUNT; i++)
		if (strcmp(names[i], call) == 0)
			wanted.call = i;
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i) != NULL && strcmp(strerrorname_np(i), error) == 0)
			wanted.error = i;
	if (which[0] == '@')
		wanted.place = (unsigned)strtoul(which + 1, NULL, 16);
	else
		wanted.number = strtoul(which, NULL, 10);
	if (wanted.call != CALL_COUNT && wanted.error != 0 && (wanted.number != 0) == (which[0] != '@'))
		return;
bad:
	dprintf(STDERR_FILENO, "NTH=%s: not CALL:NUMBER or @PLACE:ERRNO\n", wish);
	_exit(100);
}

__attribute__((constructor)) static void begin(void)
{
	const char *wish = getenv("NTH"), *path = getenv("NTH_FILE");
	void *frames[2];
	first = getpid();
	trace = getenv("NTH_TRACE") != NULL;
	backtrace(frames, 2); /* its first call allocates */
	if (path != NULL)
		snprintf(file, sizeof(file), "%s", path);
	if (wish != NULL)
		read_wish(wish);
	shared = (void *)syscall(
		SYS_mmap, NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	atexit(say_counts);
	unsetenv("NTH");
	unsetenv("NTH_FILE");
	unsetenv("NTH_TRACE");
}

#define WRAP(call, result, name, declared, given, bad, ...)                                                  \
	result __real_##name declared;                                                                       \
	result __wrap_##name declared;                                                                       \
	result __wrap_##name declared                                                                        \
	{                                                                                                    \
		return fails(CALL_##call) ? (bad) : __real_##name given;                                     \
	}
/* Of a descriptor that is not the log's. */
#define WRAP_WRITE(name, declared, given)                                                                    \
	ssize_t __real_##name declared;                                                                      \
	ssize_t __wrap_##name declared;                                                                      \
	ssize_t __wrap_##name declared                                                                       \
	{                                                                                                    \
		return fd != STDERR_FILENO && fails(CALL_write) ? -1 : __real_##name given;                  \
	}

WRAP(memory, void *, malloc, (size_t size), (size), NULL)
WRAP(memory, void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAP(memory, void *, realloc, (void *p, size_t size), (p, size), NULL)
WRAP(memory, char *, strdup, (const char *s), (s), NULL)
WRAP(open, DIR *, opendir, (const char *path), (path), NULL)
WRAP(open, DIR *, fdopendir, (int fd), (fd), NULL)
/* A file or a device may be unreadable, a socket may have no memory; pipes and what the kernel makes itself
 * are read or wait. */
static bool can_be_unreadable(int fd)
{
	struct stat info;
	int saved_errno = errno;
	bool can = fstat(fd, &info) == 0 && !S_ISFIFO(info.st_mode) && (info.st_mode & S_IFMT) != 0;
	errno = saved_errno;
	return can;
}

ssize_t __real_read(int fd, void *b, size_t n);
ssize_t __wrap_read(int fd, void *b, size_t n);
ssize_t __wrap_read(int fd, void *b, size_t n)
{
	return can_be_unreadable(fd) && fails(CALL_read) ? -1 : __real_read(fd, b, n);
}

WRAP(read, ssize_t, pread, (int fd, void *b, size_t n, off_t at), (fd, b, n, at), -1)
WRAP(read, ssize_t, recv, (int fd, void *b, size_t n, int flags), (fd, b, n, flags), -1)
WRAP(read, ssize_t, recvfrom, (int fd, void *b, size_t n, int flags, struct sockaddr *a, socklen_t *l),
	(fd, b, n, flags, a, l), -1)
WRAP(read, ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags), -1)
WRAP_WRITE(write, (int fd, const void *b, size_t n), (fd, b, n))
WRAP_WRITE(pwrite, (int fd, const void *b, size_t n, off_t at), (fd, b, n, at))
WRAP_WRITE(send, (int fd, const void *b, size_t n, int flags), (fd, b, n, flags))
WRAP_WRITE(sendto, (int fd, const void *b, size_t n, int flags, const struct sockaddr *a, socklen_t l),
	(fd, b, n, flags, a, l))
WRAP_WRITE(sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
WRAP_WRITE(splice, (int fd, off_t *a, int to, off_t *b, size_t n, unsigned flags), (fd, a, to, b, n, flags))
WRAP_WRITE(sendfile, (int fd, int from, off_t *at, size_t n), (fd, from, at, n))
WRAP(fork, pid_t, fork, (void), (), -1)
WRAP(socket, int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
WRAP(socket, int, socketpair, (int domain, int type, int protocol, int ends[2]),
	(domain, type, protocol, ends), -1)
WRAP(socket, int, bind, (int fd, const struct sockaddr *a, socklen_t l), (fd, a, l), -1)
WRAP(socket, int, listen, (int fd, int backlog), (fd, backlog), -1)
WRAP(socket, int, setsockopt, (int fd, int level, int name, const void *v, socklen_t l),
	(fd, level, name, v, l), -1)
WRAP(accept, int, accept4, (int fd, struct sockaddr *a, socklen_t *l, int flags), (fd, a, l, flags), -1)
WRAP(connect, int, connect, (int fd, const struct sockaddr *a, socklen_t l), (fd, a, l), -1)
WRAP(pipe, int, pipe, (int ends[2]), (ends), -1)
WRAP(pipe, int, pipe2, (int ends[2], int flags), (ends, flags), -1)
WRAP(epoll, int, epoll_create1, (int flags), (flags), -1)
WRAP(epoll, int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags), -1)
WRAP(inotify, int, inotify_init1, (int flags), (flags), -1)
WRAP(inotify, int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask), -1)
WRAP(mmap, void *, mmap, (void *a, size_t n, int protection, int flags, int fd, off_t at),
	(a, n, protection, flags, fd, at), MAP_FAILED)
WRAP(rename, int, rename, (const char *from, const char *to), (from, to), -1)
WRAP(dup, int, dup, (int fd), (fd), -1)
WRAP(dup, int, dup2, (int fd, int to), (fd, to), -1)

/* To change what is asked of a descriptor, or to take it out, needs no memory. */
int __real_epoll_ctl(int fd, int operation, int of, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int operation, int of, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int operation, int of, struct epoll_event *event)
{
	return operation == EPOLL_CTL_ADD && fails(CALL_epoll) ? -1
							       : __real_epoll_ctl(fd, operation, of, event);
}

static mode_t mode_of(int flags, va_list more)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? (mode_t)va_arg(more, int) : 0;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	return fails(CALL_open) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	return fails(CALL_open) ? -1 : __real_openat(at, path, flags, mode);
}

/* Those that no C library has a function for. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list more;
	va_start(more, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(more, long);
	va_end(more);
	bool opens = number == SYS_openat2 || number == SYS_open_tree;
	if ((number == SYS_clone && fails(CALL_fork)) || (opens && fails(CALL_open)))
		return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
