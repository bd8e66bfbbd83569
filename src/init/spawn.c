/* From a fork to a program with its user, capabilities and limits. Between fork and exec only the child's
 * own copy of memory changes; each failure is reported through the pipe that exec closes. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "become.h"
#include "box_keeper.h"
#include "children.h"
#include "common/log.h"
#include "programs.h"
#include "report.h"
#include "room.h"
#include "service_environment.h"
#include "spawn.h"

/* Descriptors 0, 1 and 2; init opened all others close-on-exec. */
static void set_files(int report, const struct child *child)
{
	const char *terminal = child->program.terminal;
	/* O_NONBLOCK: a serial line without carrier would block the open. */
	int input =
		open(terminal != NULL ? terminal : "/dev/null", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (input < 0)
		report_failure(report, terminal != NULL ? terminal : "/dev/null");
	if (fcntl(input, F_SETFL, 0) < 0)
		report_failure(report, "fcntl");
	int output = terminal != NULL ? input : child->output_write;
	int errors = child->program.controls ? input : child->output_write;
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0)
		report_failure(report, "dup2");
	if (child->program.controls && ioctl(0, TIOCSCTTY, 1) < 0)
		report_failure(report, "TIOCSCTTY");
}

enum { OUTPUT_ARGUMENTS_MAX = CHILDREN_MAX + 5, OUTPUT_ARGUMENT_BYTES = 80 };

/* The log's arguments: NAME:DESCRIPTOR for each output, which it inherits. */
static const char *const *output_arguments(int report, const struct children *c, const char *path)
{
	static char text[OUTPUT_ARGUMENTS_MAX][OUTPUT_ARGUMENT_BYTES];
	static const char *arguments[OUTPUT_ARGUMENTS_MAX];
	size_t count = 0;
	int kernel = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	arguments[count++] = path;
	if (c->log_socket >= 0) {
		if (fcntl(c->log_socket, F_SETFD, 0) < 0)
			report_failure(report, "fcntl");
		snprintf(text[count], OUTPUT_ARGUMENT_BYTES, "syslog:%s:%d", c->appliance->service,
			c->log_socket);
		arguments[count] = text[count];
		count++;
	}
	for (size_t i = 0; i < c->count + 2; i++) {
		const char *name = i == 0 ? "kernel" : i == 1 ? "init" : c->child[i - 2].program.name;
		int fd = i == 0 ? kernel : i == 1 ? c->own_output[0] : c->child[i - 2].output_read;
		if (fd < 0)
			continue;
		if (fcntl(fd, F_SETFD, 0) < 0)
			report_failure(report, "fcntl");
		snprintf(text[count], OUTPUT_ARGUMENT_BYTES, "%s:%d", name, fd);
		arguments[count] = text[count];
		count++;
	}
	arguments[count] = NULL;
	return arguments;
}

const char *spawn_path(const struct program *p)
{
	static char path[64];
	if (p->arguments != NULL)
		return p->arguments[0];
	snprintf(path, sizeof(path), "/bin/%s", p->name);
	return path;
}

static _Noreturn void become_child(const struct children *c, const struct child *child, int report)
{
	const struct program *p = &child->program;
	const char *const own_arguments[] = {spawn_path(p), NULL};
	const char *const *arguments = p->arguments != NULL ? p->arguments : own_arguments;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	set_files(report, child);
	if (p->reads_outputs)
		arguments = output_arguments(report, c, arguments[0]);
	become_oom_victim(report, p->oom_score_adj); /* by /proc, which few rooms have */
	become_roomed(report, p);
	become_limited(report, p);
	const char *home = become_user(report, p);
	/* Init's descriptors, which end with the next call, have the low numbers: what is opened above has
	 * higher ones. */
	become_limited_in(report, RLIMIT_NOFILE, p->files_limit);
	const char *const *environment = service_environment(
		NULL, p->is_service ? c->config : NULL, home, liveness_pass(&child->life));
	become_filtered(report, p);
	execve(arguments[0], (char *const *)arguments, (char *const *)environment);
	report_failure(report, arguments[0]);
}

pid_t spawn(const struct children *c, const struct child *child, int *report)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	pid_t pid;
	if (child->program.box != NULL)
		pid = box_start(&child->program, c->config, child->output_write, ends[1]);
	else if ((pid = child->program.own_processes ? become_apart(CLONE_NEWPID) : fork()) == 0)
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
