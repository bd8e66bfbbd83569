#include "service_check.h"

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "become.h"
#include "box_health.h"
#include "box_probe.h"
#include "common/check_target.h"

enum {
	CHECK_ID = 65534, /* nobody's: user and group of the process that asks */
	CHECK_MEMORY_BYTES = 1 << 20,
	CHECK_OOM_SCORE = 1000,
};

static struct box_health spec;
static struct health_check check;
static void (*give_up)(const char *why);

/* It reads what the service answers, so it can do nothing else. */
static _Noreturn void ask_service(int output)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	become_oom_victim(-1, CHECK_OOM_SCORE);
	if (dup2(output, STDOUT_FILENO) < 0 || syscall(SYS_close_range, STDERR_FILENO, ~0U, 0) < 0)
		_exit(1);
	become_limited_in(-1, RLIMIT_DATA, CHECK_MEMORY_BYTES);
	become_bounded(-1, 0);
	if (setgroups(0, NULL) < 0 || setresgid(CHECK_ID, CHECK_ID, CHECK_ID) < 0 ||
		setresuid(CHECK_ID, CHECK_ID, CHECK_ID) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(1);
	_exit(box_probe(&spec));
}

static pid_t start_asking(int output)
{
	pid_t pid = fork();
	if (pid == 0)
		ask_service(output);
	return pid;
}

static void count_failures(const struct health_check *h)
{
	char why[sizeof(h->line)];
	if (h->failures < SERVICE_CHECK_FAILURES)
		return;
	snprintf(why, sizeof(why), "%s", h->line);
	give_up(why);
}

bool service_check_begin(struct loop *loop, const struct config *config, const char *name,
	void (*tell)(enum health), void (*failed)(const char *why))
{
	struct check_target target;
	service_check_end();
	if (!check_target_parse(&target, config_get(config, CONFIG_SERVICE_CHECK)))
		return false;
	/* At the first failure it is not well: whoever asks knows within 5 s. Member by member: its command,
	 * 16 KiB, is none. */
	spec.kind = target.http ? BOX_HEALTH_HTTP : BOX_HEALTH_TCP;
	spec.port = target.port;
	spec.path = target.path;
	spec.interval_ms = SERVICE_CHECK_INTERVAL_MS;
	spec.timeout_ms = SERVICE_CHECK_TIMEOUT_MS;
	spec.start_ms = SERVICE_CHECK_START_MS;
	spec.retries = 1;
	check = (struct health_check){.spec = &spec,
		.name = name,
		.loop = loop,
		.start = start_asking,
		.tell = tell,
		.failed = count_failures};
	give_up = failed;
	health_begin(&check);
	return true;
}

void service_check_end(void)
{
	if (check.loop != NULL)
		health_stop(&check);
	check.loop = NULL;
}

bool service_check_reap(pid_t pid, int status)
{
	if (check.loop == NULL || pid != check.pid)
		return false;
	health_ended(&check, status);
	return true;
}
