/* calls-record: executes a program and writes down each system call that it makes, once.
 *
 *   NAME [ARGUMENT...]                    as a link named NAME: executes PROGRAMS/NAME in its place; what it
 *                                         calls from its main on counts
 *   calls-record NAME COMMAND [ARG...]    executes COMMAND; what counts begins when NAME is executed
 *
 * Lines "CALL FAMILY TEST" (by number; the family of socket, else 0; pytest's test) go to the file DATA/NAME;
 * where there is none, in a guest, lines "calls NAME CALL FAMILY" to standard error. The program keeps its
 * process: each call waits for a second process, which the kernel asks about it (seccomp_unotify(2)) and
 * which lets it go on. tools/calls makes lists of it. PROGRAMS and DATA are paths of the build; in a guest
 * the program is /bin/NAME.real. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 1024, FAMILIES = 64, PATH_BYTES = 4096 };

static const char *name, *test;
static int output; /* what is recorded goes there */
static bool in_guest, is_link;
static bool executed, counts; /* NAME; what it calls */

static _Noreturn void fail(const char *what)
{
	dprintf(STDERR_FILENO, "calls-record: %s: %s: %s\n", name, what, strerror(errno));
	_exit(111);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

/* Whether the execve of D, of process PID, is of NAME. */
static bool is_of_name(pid_t pid, const struct seccomp_data *d)
{
	char path[PATH_BYTES] = "", memory[64];
	snprintf(memory, sizeof(memory), "/proc/%d/mem", pid);
	int fd = open(memory, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, path, sizeof(path) - 1, (off_t)d->args[0]) < 0)
		path[0] = '\0';
	close(fd);
	return strcmp(base_name(path), name) == 0;
}

/* Writes down D where it is new. */
static void record(const struct seccomp_data *d)
{
	static bool seen[CALLS][FAMILIES];
	unsigned number = (unsigned)d->nr % CALLS;
	unsigned family = number == SYS_socket ? (unsigned)d->args[0] % FAMILIES : 0;
	if (seen[number][family])
		return;
	seen[number][family] = true;
	if (in_guest)
		dprintf(output, "calls %s %u %u\n", name, number, family);
	else
		dprintf(output, "%u %u %.*s\n", number, family, (int)strcspn(test, "[ "), test);
}

/* musl's last call before main is set_tid_address. */
static void follow(const struct seccomp_notif *asked)
{
	const struct seccomp_data *d = &asked->data;
	if (counts) {
		record(d);
	} else if (!executed && d->nr == SYS_execve && (is_link || is_of_name((pid_t)asked->pid, d))) {
		executed = true;
		counts = !is_link;
	} else if (executed && d->nr == SYS_set_tid_address) {
		counts = true;
	}
}

/* Until nobody is left who has the filter of LISTENER. */
static _Noreturn void answer(int listener)
{
	struct pollfd poller = {.fd = listener, .events = POLLIN};
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		struct seccomp_notif asked = {0};
		if (poll(&poller, 1, -1) < 0 && errno != EINTR)
			_exit(1);
		if ((poller.revents & POLLIN) == 0) {
			if ((poller.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
				_exit(0);
			continue;
		}
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
			continue;
		follow(&asked);
		struct seccomp_notif_resp go_on = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
	}
}

/* Leaves this process with the descriptors LOW and HIGH. */
static void close_others(int low, int high)
{
	if (low > 0)
		syscall(SYS_close_range, 0, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0U, 0);
}

/* The second process: shares the descriptors of the first until LISTENER is among them and asks something. */
static _Noreturn void watch(int listener)
{
	struct pollfd poller = {.fd = listener, .events = POLLIN};
	struct stat dead;
	setsid();
	prctl(PR_SET_NAME, "calls-record", 0, 0, 0);
	for (int tries = 0; tries < 30000; tries++) {
		if (fstat(listener, &dead) == 0 && poll(&poller, 1, 0) == 1 &&
			(poller.revents & POLLIN) != 0) {
			if (unshare(CLONE_FILES) < 0)
				fail("unshare");
			close_others(
				listener < output ? listener : output, listener < output ? output : listener);
			answer(listener);
		}
		usleep(1000);
	}
	_exit(1);
}

/* A process that has this one's descriptors. */
static pid_t fork_with_files(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
}

/* From here on each call of this process is asked about. */
static void be_watched(void)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
	struct sock_fprog program = {.len = 1, .filter = all};
	int next = open("/", O_RDONLY | O_CLOEXEC); /* the descriptor that seccomp() will give */
	close(next);
	/* Nobody's child where users may have enough processes, so that the program waits for its own alone.
	 */
	pid_t first = fork_with_files();
	if (first == 0 && !in_guest) {
		pid_t second = fork_with_files();
		if (second != 0)
			_exit(second < 0);
		first = second;
	}
	if (first == 0)
		watch(next);
	if (first < 0 || (!in_guest && waitpid(first, NULL, 0) < 0))
		fail("fork");
	long listener =
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		listener = syscall(
			SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener != next)
		fail("seccomp");
}

static void open_output(void)
{
	char path[PATH_BYTES];
	snprintf(path, sizeof(path), "%s/%s", DATA, name);
	mode_t mask = umask(0);
	output = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	umask(mask);
	in_guest = output < 0;
	if (in_guest)
		output = STDERR_FILENO;
}

int main(int argc, char **argv)
{
	char path[PATH_BYTES];
	name = base_name(argv[0]);
	is_link = strcmp(name, "calls-record") != 0;
	if (!is_link && argc < 3) {
		fprintf(stderr, "usage: calls-record NAME COMMAND [ARG...]\n");
		return 100;
	}
	name = is_link ? name : argv[1];
	test = getenv("PYTEST_CURRENT_TEST");
	test = test != NULL ? test : "";
	open_output();
	snprintf(path, sizeof(path), in_guest ? "/bin/%s.real" : PROGRAMS "/%s", name);
	be_watched();
	if (is_link)
		execv(path, argv);
	else
		execvp(argv[2], argv + 2);
	fail(is_link ? path : argv[2]);
}
