#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 30000, BACKOFF_RESET_MS = 60000 };

/* In the child, where exit() would flush the parent's buffers. */
static _Noreturn void fail(const char *what)
{
	log_warn("cannot start: %s", what);
	_exit(EXIT_SYSTEM);
}

/* In the child. Dropping from the bounding set takes a capability itself; without it NO_NEW_PRIVS keeps the
 * program from regaining any. */
static void become(const struct child *child)
{
	uint64_t mask = child->capabilities & account_capabilities();
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if ((mask >> capability & 1) == 0)
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	if (child->account.other &&
		(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
			setresgid(child->account.gid, child->account.gid, child->account.gid) < 0 ||
			setresuid(child->account.uid, child->account.uid, child->account.uid) < 0))
		fail("setresuid");
	for (int i = 0; i < 2; i++)
		data[i].permitted = data[i].effective = data[i].inheritable = (uint32_t)(mask >> (32 * i));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, data) < 0)
		fail("capabilities");
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if ((mask >> capability & 1) != 0 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			fail("capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("PR_SET_NO_NEW_PRIVS");
}

static _Noreturn void run_service(const struct child *child)
{
	const struct rlimit none = {0};
	sigset_t no_signals;
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigemptyset(&no_signals);
	sigprocmask(SIG_SETMASK, &no_signals, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (input < 0 || dup2(input, 0) < 0 || dup2(child->output.write_fd, 1) < 0 ||
		dup2(child->output.write_fd, 2) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		fail("its files");
	become(child);
	/* After the change of user, which clears it. Without a process namespace of our own (docker --init,
	 * host's processes shared) nothing else would end the child with us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(child->arguments[0], (char *const *)child->arguments);
	fail(child->arguments[0]);
}

int child_start(struct child *child)
{
	pid_t pid = fork();
	if (pid == 0)
		run_service(child);
	if (pid < 0)
		return -1;
	child->pid = pid;
	child->state = CHILD_RUNNING;
	child->started_ms = now_ms();
	return 0;
}

void child_signal(const struct child *child, int signal)
{
	if (child->state == CHILD_RUNNING)
		kill(child->pid, signal);
}

void child_ended(struct child *child)
{
	child->state = CHILD_STOPPED;
	kill(-child->pid, SIGKILL);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct child *child = container_of(timer, struct child, timer);
	if (child_start(child) < 0)
		child_start_later(loop, child, strerror(errno));
}

void child_start_later(struct loop *loop, struct child *child, const char *words)
{
	int64_t now = now_ms();
	if (child->backoff_ms == 0 || now - child->started_ms >= BACKOFF_RESET_MS)
		child->backoff_ms = BACKOFF_FIRST_MS;
	log_warnx("%s: %s; next start in %lld.%lld s", child->name, words,
		(long long)child->backoff_ms / 1000, (long long)child->backoff_ms / 100 % 10);
	child->state = CHILD_WAITING;
	child->timer.handle = handle_timer;
	loop_arm(loop, &child->timer, now + child->backoff_ms);
	child->backoff_ms = child->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : child->backoff_ms * 2;
}

void child_kill(struct loop *loop, struct child *child)
{
	loop_disarm(loop, &child->timer);
	child_signal(child, SIGKILL); /* it may not have a process group yet */
	if (child->state == CHILD_RUNNING)
		child_ended(child);
	child->state = CHILD_STOPPED;
}
