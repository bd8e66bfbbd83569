#include "become.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls/calls.h"
#include "report.h"

/* PR_SET_MDWE and its flag of <linux/prctl.h>, which musl's <sys/prctl.h> is before and beside. */
enum { SET_MDWE = 65, REFUSE_EXEC_GAIN = 1 };

pid_t become_apart(int namespaces)
{
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
}

void become_limited_in(int report, int resource, uint64_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
	if (value != 0 && setrlimit(resource, &limit) < 0)
		report_failure(report, "setrlimit");
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
			report_failure(report, "setrlimit");
	}
}

void become_limited(int report, const struct program *p)
{
	become_limited_in(report, RLIMIT_STACK, STACK_BYTES);
	become_limited_in(report, RLIMIT_DATA, p->memory_limit_bytes);
	/* To go above the kernel's own limit takes a capability, which goes; the others come last. */
	if (p->files_limit > FILES_OF_KERNEL)
		become_limited_in(report, RLIMIT_NOFILE, p->files_limit);
	become_limited_in(report, RLIMIT_NPROC, p->processes_limit);
	set_fixed_limits(report, p);
	if (setpriority(PRIO_PROCESS, 0, p->nice) < 0)
		report_failure(report, "setpriority");
}

void become_oom_victim(int report, int score)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", score);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		report_failure(report, "oom_score_adj");
	close(fd);
}

void become_bounded(int report, uint64_t mask)
{
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if ((mask >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 &&
			errno != EINVAL)
			report_failure(report, "PR_CAPBSET_DROP");
}

void become_capable(int report, uint64_t mask, bool ambient)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	for (int i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = (uint32_t)(mask >> (32 * i));
		data[i].inheritable = ambient ? data[i].permitted : 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		report_failure(report, "capset");
	for (unsigned long capability = 0; ambient && capability <= CAP_LAST_CAP; capability++)
		if ((mask >> capability & 1) != 0 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			report_failure(report, "PR_CAP_AMBIENT_RAISE");
}

void become_filtered(int report, const struct program *p)
{
	if (p->calls != NULL && calls_limit(calls_find(p->calls), CALLS_END) < 0)
		report_failure(report, "seccomp");
}

const char *become_user(int report, const struct program *p)
{
	static char home[64];
	const char *name = program_starts_as(p);
	const struct passwd *user = getpwnam(name);
	if (user == NULL) {
		errno = ENOENT;
		report_failure(report, name);
	}
	snprintf(home, sizeof(home), "%s", user->pw_dir);
	become_bounded(report, p->capabilities);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		report_failure(report, "setresuid");
	become_capable(report, p->capabilities, true);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		report_failure(report, "PR_SET_NO_NEW_PRIVS");
	/* None of ours, and neither dhcpcd nor ntpd, makes code. A shell may start what does. */
	if (!p->controls && prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
		report_failure(report, "PR_SET_MDWE");
	return home;
}
