/* A box's first process: the keeper.
 *
 *   MOUNTING --root entered--> STARTING --exec--> RUNNING --the service ends--> ends, and the box with it
 *       |                          |          REPORT_STARTED, _HEALTH           REPORT_ENDED
 *       +------ a step fails ------+--> REPORT_FAILED, ends
 *
 * While it runs it passes SIGTERM on as the service's stop signal, reaps whoever is left to it, and has the
 * service's health checked. It waits for nothing else, and nobody in the box may trace or signal it. */
#include "box_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "become.h"
#include "box.h"
#include "box_health.h"
#include "box_probe.h"
#include "box_root.h"
#include "calls/calls.h"
#include "common/log.h"
#include "common/loop.h"
#include "report.h"
#include "service_environment.h"

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)

/* What root of the service's user namespace has, over its own ids. */
#define INSIDE                                                                                               \
	(CAPABILITY(CHOWN) | CAPABILITY(DAC_OVERRIDE) | CAPABILITY(FOWNER) | CAPABILITY(FSETID) |            \
		CAPABILITY(KILL) | CAPABILITY(SETGID) | CAPABILITY(SETUID) | CAPABILITY(SETPCAP) |           \
		CAPABILITY(SYS_CHROOT) | CAPABILITY(NET_BIND_SERVICE))

/* What the keeper needs to start a check as the service's user. */
#define CHECKING (CAPABILITY(SYS_ADMIN) | CAPABILITY(SETGID) | CAPABILITY(SETUID) | CAPABILITY(SETPCAP))

enum {
	KEPT_FD = 512,           /* PID 1 has fewer descriptors than that */
	KEEPER_OOM_SCORE = -900, /* as what the guest needs */
};

static struct keeper {
	const struct program *program;
	const struct box *box;
	const char *const *environment;
	int report, output, users;
	pid_t service;
	struct loop loop;
	struct loop_signals signals;
	struct health_check health;
} keeper;

/* Moves FD to where the others are not. */
static int keep_fd(int report, int fd)
{
	int kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, KEPT_FD);
	if (fd >= 0 && kept < 0)
		report_failure(report, "descriptors");
	return kept;
}

/* Leaves the keeper with standard input, output and error and its own three. */
static void close_others(void)
{
	if (syscall(SYS_close_range, STDERR_FILENO + 1, KEPT_FD - 1, 0) < 0)
		report_failure(keeper.report, "close_range");
}

/* The user of the service: of its own user namespace, or of the guest with capabilities of the guest's
 * network. */
static void become_insider(int report)
{
	const struct box_description *d = &keeper.box->description;
	bool own = d->users == USERS_NAMESPACE;
	if (own && setns(keeper.users, CLONE_NEWUSER) < 0) {
		errno = keeper.users < 0 ? keeper.box->users_error : errno;
		report_failure(report, "user namespace");
	}
	become_bounded(report, own ? INSIDE : keeper.program->capabilities);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(d->group_count, d->groups) < 0 ||
		setresgid((gid_t)d->gid, (gid_t)d->gid, (gid_t)d->gid) < 0 ||
		setresuid((uid_t)d->uid, (uid_t)d->uid, (uid_t)d->uid) < 0)
		report_failure(report, "setresuid");
	if (own)
		become_capable(report, d->uid == 0 ? INSIDE : 0, false);
	else
		become_capable(report, keeper.program->capabilities, true);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		report_failure(report, "PR_SET_NO_NEW_PRIVS");
}

/* The calls that any service may make; ITS_OWN: those of its description alone, where that has some. */
static void limit_calls(int report, bool its_own)
{
	const struct box_description *d = &keeper.box->description;
	struct calls calls = *calls_find("service");
	for (size_t i = 0; its_own && d->narrow && i < sizeof(calls.allowed) / sizeof(calls.allowed[0]); i++)
		calls.allowed[i] &= d->calls.allowed[i];
	if (calls_limit(&calls, CALLS_EPERM) < 0)
		report_failure(report, "seccomp");
}

/* What a process of the service is before it executes anything. Its lines go to OUTPUT. */
static void become_service(int report, int output, bool executes)
{
	const struct box_description *d = &keeper.box->description;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		report_failure(report, "dup2");
	become_oom_victim(report, keeper.program->oom_score_adj);
	become_insider(report);
	if (chdir(d->workdir) < 0)
		report_failure(report, d->workdir);
	limit_calls(report, executes);
}

static _Noreturn void execute(int report, int output, const char *file, const char *const *arguments)
{
	become_service(report, output, true);
	execve(file, (char *const *)arguments, (char *const *)keeper.environment);
	report_failure(report, file);
}

/* A failure of a check says so in its output. */
static _Noreturn void run_check(int output)
{
	const struct box_health *h = &keeper.box->description.health;
	become_service(-1, output, h->kind == BOX_HEALTH_EXEC);
	if (h->kind != BOX_HEALTH_EXEC)
		_exit(box_probe(h));
	execve(h->command.word[0], (char *const *)h->command.word, (char *const *)keeper.environment);
	dprintf(STDOUT_FILENO, "%s: %s\n", h->command.word[0], strerror(errno));
	_exit(EXIT_SYSTEM);
}

static pid_t start_check(int output)
{
	pid_t pid = fork();
	if (pid == 0)
		run_check(output);
	return pid;
}

static void tell(enum report_kind kind, int value)
{
	report_send(keeper.report, &(struct report){.kind = kind, .value = value});
}

static void tell_health(enum health state)
{
	tell(REPORT_HEALTH, (int)state);
}

static _Noreturn void end_box(int status, long peak_kb)
{
	report_send(
		keeper.report, &(struct report){.kind = REPORT_ENDED, .value = status, .peak_kb = peak_kb});
	_exit(0);
}

static void reap(void)
{
	int status;
	struct rusage usage;
	for (pid_t pid; (pid = wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) > 0;) {
		bool goes_on = WIFSTOPPED(status) || WIFCONTINUED(status);
		if (pid == keeper.service && goes_on)
			tell(REPORT_STOPPED, WIFSTOPPED(status));
		else if (pid == keeper.service)
			end_box(status, usage.ru_maxrss);
		else if (pid == keeper.health.pid && !goes_on)
			health_ended(&keeper.health, status);
	}
}

static void handle_signal(struct loop *loop, int number)
{
	(void)loop;
	if (number == SIGCHLD)
		reap();
	else
		kill(keeper.service, (int)keeper.box->description.stop_signal);
}

/* Forks the service and waits for its exec, which closes the pipe. */
static void start_service(void)
{
	const struct box_description *d = &keeper.box->description;
	struct report failure;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		report_failure(keeper.report, "pipe");
	keeper.service = fork();
	if (keeper.service < 0)
		report_failure(keeper.report, "fork");
	if (keeper.service == 0)
		execute(ends[1], keeper.output, d->file, keeper.program->arguments);
	close(ends[1]);
	if (read(ends[0], &failure, sizeof(failure)) == (ssize_t)sizeof(failure)) {
		report_send(keeper.report, &failure);
		_exit(EXIT_SYSTEM);
	}
	close(ends[0]);
	report_send(keeper.report, &(struct report){.kind = REPORT_STARTED});
}

/* Who opens the output by its name, /dev/stdout, needs a right to it. */
static void open_files(void)
{
	const struct box_description *d = &keeper.box->description;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		report_failure(keeper.report, "/dev/null");
	close(null);
	if (fchown(keeper.output, box_id(d, d->uid), box_id(d, d->gid)) < 0 ||
		fchmod(keeper.output, 0666) < 0)
		report_failure(keeper.report, "/dev/stdout");
}

static _Noreturn void keep(void)
{
	const struct box_description *d = &keeper.box->description;
	if (loop_init(&keeper.loop) < 0)
		report_failure(keeper.report, "event loop");
	keeper.signals.handle = handle_signal;
	if (loop_signals(&keeper.loop, &keeper.signals, (const int[]){SIGCHLD, SIGTERM, 0}) < 0)
		report_failure(keeper.report, "signals");
	start_service();
	become_capable(keeper.report,
		CAPABILITY(KILL) |
			(d->health.kind != BOX_HEALTH_NONE ? CHECKING | keeper.program->capabilities : 0),
		false);
	if (d->health.kind != BOX_HEALTH_NONE) {
		keeper.health = (struct health_check){.spec = &d->health,
			.name = keeper.program->name,
			.loop = &keeper.loop,
			.start = start_check,
			.tell = tell_health};
		health_begin(&keeper.health);
	}
	while (loop_run(&keeper.loop) < 0)
		log_warn("keeper: event loop");
	_exit(EXIT_SYSTEM);
}

static _Noreturn void become_keeper(
	const struct program *p, const struct config *config, int output, int report)
{
	const struct box *box = p->box;
	setsid();
	prctl(PR_SET_NAME, "keeper", 0, 0, 0);
	keeper = (struct keeper){.program = p, .box = box};
	keeper.report = keep_fd(report, report);
	keeper.output = keep_fd(report, output);
	keeper.users = keep_fd(report, box->users);
	close_others();
	become_limited(keeper.report, p);
	become_oom_victim(keeper.report, KEEPER_OOM_SCORE);
	keeper.environment = service_environment(&box->description, config, "/", NULL);
	box_root_enter(keeper.report, box, config);
	open_files();
	keep();
}

pid_t box_start(const struct program *p, const struct config *config, int output, int report)
{
	pid_t pid = become_apart(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC);
	if (pid == 0)
		become_keeper(p, config, output, report);
	return pid;
}
