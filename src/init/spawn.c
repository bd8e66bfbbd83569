/* From a fork to a program with its user, capabilities and limits. Between fork and exec only the child's
 * own copy of memory changes; each failure is reported through the pipe that exec closes. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "children.h"
#include "common/log.h"
#include "programs.h"
#include "spawn.h"

static char home[64] = "HOME=";
static char *const environment[] = {"PATH=/usr/bin:/bin:/sbin", home, "TERM=linux", NULL};

static _Noreturn void fail(int report, const char *step)
{
	struct start_failure failure = {.error = errno};
	strncpy(failure.step, step, sizeof(failure.step) - 1);
	(void)!write(report, &failure, sizeof(failure));
	_exit(EXIT_SYSTEM);
}

static void set_limit(int report, int resource, uint64_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
	if (value != 0 && setrlimit(resource, &limit) < 0)
		fail(report, "setrlimit");
}

/* Also the stack of each thread that glibc makes; with the usual 8 MiB a few threads would use up a small
 * guest. */
enum { STACK_BYTES = 1 << 20, FILES_OF_KERNEL = 1024 };

/* What no program of ours needs, or no more of. A service may, and goes first when memory runs out. */
static void set_fixed_limits(int report, const struct program *p)
{
	static const struct {
		int resource;
		rlim_t value;
		bool for_all; /* in an open sandbox as well */
	} limits[] = {
		{RLIMIT_CORE, 0, true},
		{RLIMIT_FSIZE, 1 << 20, false}, /* as much as /run holds */
		{RLIMIT_MEMLOCK, 0, false},
		{RLIMIT_MSGQUEUE, 0, false},
		{RLIMIT_SIGPENDING, 64, false},
	};
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit = {.rlim_cur = limits[i].value, .rlim_max = limits[i].value};
		if (!limits[i].for_all && p->sandbox == SANDBOX_OPEN)
			continue;
		if (setrlimit(limits[i].resource, &limit) < 0)
			fail(report, "setrlimit");
	}
}

static void set_limits(int report, const struct child *child)
{
	set_limit(report, RLIMIT_STACK, STACK_BYTES);
	set_limit(report, RLIMIT_DATA, child->program.memory_limit_bytes);
	/* To go above the kernel's own limit takes a capability, which goes; the others come last. */
	if (child->program.files_limit > FILES_OF_KERNEL)
		set_limit(report, RLIMIT_NOFILE, child->program.files_limit);
	set_limit(report, RLIMIT_NPROC, child->program.processes_limit);
	set_fixed_limits(report, &child->program);

	char score[16];
	int length = snprintf(score, sizeof(score), "%d", child->program.oom_score_adj);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, score, (size_t)length) != length)
		fail(report, "oom_score_adj");
	close(fd);
	if (setpriority(PRIO_PROCESS, 0, child->program.nice) < 0)
		fail(report, "setpriority");
}

/* Descriptors 0, 1 and 2; init opened all others close-on-exec. */
static void set_files(int report, const struct child *child)
{
	const char *terminal = child->program.terminal;
	/* O_NONBLOCK: a serial line without carrier would block the open. */
	int input =
		open(terminal != NULL ? terminal : "/dev/null", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (input < 0)
		fail(report, terminal != NULL ? terminal : "/dev/null");
	if (fcntl(input, F_SETFL, 0) < 0)
		fail(report, "fcntl");
	int output = terminal != NULL ? input : child->output_write;
	int errors = child->program.controls ? input : child->output_write;
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0)
		fail(report, "dup2");
	if (child->program.controls && ioctl(0, TIOCSCTTY, 1) < 0)
		fail(report, "TIOCSCTTY");
}

static void set_capabilities(int report, uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	for (int i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = data[i].inheritable = (uint32_t)(mask >> (32 * i));
	}
	if (syscall(SYS_capset, &header, data) < 0)
		fail(report, "capset");
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if ((mask >> capability & 1) != 0 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			fail(report, "PR_CAP_AMBIENT_RAISE");
}

static void become_user(int report, const struct program *p)
{
	const char *name = program_starts_as(p);
	const struct passwd *user = getpwnam(name);
	if (user == NULL) {
		errno = ENOENT;
		fail(report, name);
	}
	strncat(home, user->pw_dir, sizeof(home) - strlen(home) - 1);
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if ((p->capabilities >> capability & 1) == 0 &&
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL)
			fail(report, "PR_CAPBSET_DROP");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		fail(report, "setresuid");
	set_capabilities(report, p->capabilities);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(report, "PR_SET_NO_NEW_PRIVS");
}

enum { OUTPUT_ARGUMENTS_MAX = CHILDREN_MAX + 4, OUTPUT_ARGUMENT_BYTES = 80 };

/* The log's arguments: NAME:DESCRIPTOR for each output, which it inherits. */
static const char *const *output_arguments(int report, const struct children *c, const char *path)
{
	static char text[OUTPUT_ARGUMENTS_MAX][OUTPUT_ARGUMENT_BYTES];
	static const char *arguments[OUTPUT_ARGUMENTS_MAX];
	size_t count = 0;
	int kernel = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	arguments[count++] = path;
	for (size_t i = 0; i < c->count + 2; i++) {
		const char *name = i == 0 ? "kernel" : i == 1 ? "init" : c->child[i - 2].program.name;
		int fd = i == 0 ? kernel : i == 1 ? c->own_output[0] : c->child[i - 2].output_read;
		if (fd < 0)
			continue;
		if (fcntl(fd, F_SETFD, 0) < 0)
			fail(report, "fcntl");
		snprintf(text[count], OUTPUT_ARGUMENT_BYTES, "%s:%d", name, fd);
		arguments[count] = text[count];
		count++;
	}
	arguments[count] = NULL;
	return arguments;
}

/* Where a program of this tree is. */
static const char *own_path(const struct program *p)
{
	static char path[64];
	snprintf(path, sizeof(path), "/bin/%s", p->name);
	return path;
}

static _Noreturn void become_child(const struct children *c, const struct child *child, int report)
{
	const struct program *p = &child->program;
	const char *const own_arguments[] = {own_path(p), NULL};
	const char *const *arguments = p->arguments != NULL ? p->arguments : own_arguments;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	set_files(report, child);
	if (p->reads_outputs)
		arguments = output_arguments(report, c, arguments[0]);
	set_limits(report, child);
	become_user(report, p);
	/* Init's descriptors, which end with the next call, have the low numbers: what is opened above has
	 * higher ones. */
	set_limit(report, RLIMIT_NOFILE, p->files_limit);
	execve(arguments[0], (char *const *)arguments, environment);
	fail(report, arguments[0]);
}

pid_t spawn(const struct children *c, const struct child *child, int *report)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		become_child(c, child, ends[1]);
	int error = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		errno = error;
		return -1;
	}
	*report = ends[0];
	return pid;
}

enum { KILLER_UIDS = 1 << 16 };

/* As that user, "everybody" (kill(2), pid -1) is exactly its processes, all in one system call: a process
 * that forks meanwhile cannot get away. Without CAP_KILL, and never as root. Until then its real and saved
 * ids are nobody else's, so that none of them can stop it first.
 *
 * Then waits until they are gone, so that the next start finds their ports free. kill() does not tell when;
 * but with room for two processes of this user (RLIMIT_NPROC), a fork works as soon as there is nobody else.
 */
static _Noreturn void kill_all_of(uid_t uid)
{
	const struct timespec pause_time = {.tv_nsec = 2000000};
	const struct rlimit two = {.rlim_cur = 2, .rlim_max = 2};
	if (uid == 0 || setresuid(uid + KILLER_UIDS, uid, uid + KILLER_UIDS) < 0)
		_exit(EXIT_SYSTEM);
	kill(-1, SIGKILL);
	if (setresuid(uid, uid, uid) < 0)
		_exit(EXIT_SYSTEM);
	setrlimit(RLIMIT_NPROC, &two);
	for (int tries = 0; tries < 500; tries++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid > 0) {
			waitpid(pid, NULL, 0);
			break;
		}
		nanosleep(&pause_time, NULL);
	}
	_exit(0);
}

pid_t spawn_killer(const char *user_name)
{
	const struct passwd *user = getpwnam(user_name);
	if (user == NULL) {
		errno = ENOENT;
		return -1;
	}
	pid_t pid = fork();
	if (pid == 0)
		kill_all_of(user->pw_uid);
	return pid;
}
