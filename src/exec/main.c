/* service-exec [COMMAND [ARGUMENT...]], of images with DEBUG=1: runs COMMAND in the service's box, as its
 * user and with its environment. Without COMMAND a shell, the guest's own, which needs nothing of the
 * service's root. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls/calls.h"
#include "common/file.h"
#include "common/log.h"
#include "common/record.h"
#include "records/child.h"

/* The keeper's first child: the service, as its own /proc counts. */
#define SERVICE "/proc/2"

enum { VARIABLES_MAX = 4096, ENVIRONMENT_BYTES = 1 << 18, GROUPS_MAX = 64 };

struct user {
	unsigned long uid, gid;
	gid_t groups[GROUPS_MAX];
	size_t group_count;
	unsigned long long bound; /* of its capabilities */
};

static int open_of(long long pid, const char *name, int flags)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%lld/%s", pid, name);
	int fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fatal("%s", path);
	return fd;
}

static void join(int fd, int type, const char *what)
{
	if (setns(fd, type) < 0)
		fatal("%s", what);
	close(fd);
}

static ino_t inode_of(const char *path)
{
	struct stat s;
	if (stat(path, &s) < 0)
		fatal("%s", path);
	return s.st_ino;
}

/* Enters all of the box whose keeper is PID but its user namespace. */
static void enter(long long pid)
{
	int root = open_of(pid, "root", O_PATH | O_DIRECTORY), mounts = open_of(pid, "ns/mnt", O_RDONLY);
	join(open_of(pid, "ns/ipc", O_RDONLY), CLONE_NEWIPC, "its ipc namespace");
	join(open_of(pid, "ns/pid", O_RDONLY), CLONE_NEWPID, "its pid namespace");
	join(mounts, CLONE_NEWNS, "its mounts");
	if (fchdir(root) < 0 || chroot(".") < 0)
		fatal("its root");
}

/* Enters the service's user namespace, where it has one. */
static void enter_users(void)
{
	if (inode_of(SERVICE "/ns/user") != inode_of("/proc/self/ns/user"))
		join(open_of(2, "ns/user", O_RDONLY), CLONE_NEWUSER, "its user namespace");
}

/* The value behind NAME in /proc/PID/status. */
static const char *find(const char *status, const char *name)
{
	const char *at = strstr(status, name);
	if (at == NULL)
		fatal("%s/status: no %s", SERVICE, name);
	return at + strlen(name);
}

static void read_user(struct user *u)
{
	static char status[8192];
	if (file_read(SERVICE "/status", status, sizeof(status)) < 0)
		fatal("%s", SERVICE);
	u->uid = strtoul(find(status, "\nUid:"), NULL, 10);
	u->gid = strtoul(find(status, "\nGid:"), NULL, 10);
	u->bound = strtoull(find(status, "\nCapBnd:"), NULL, 16);
	char *at = (char *)find(status, "\nGroups:");
	u->group_count = 0;
	for (at += strspn(at, "\t "); *at >= '0' && *at <= '9' && u->group_count < GROUPS_MAX;
		at += *at == ' ')
		u->groups[u->group_count++] = (gid_t)strtoul(at, &at, 10);
}

static void become(const struct user *u)
{
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if ((u->bound >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 &&
			errno != EINVAL)
			fatal("its capabilities");
	if (setgroups(u->group_count, u->groups) < 0 ||
		setresgid((gid_t)u->gid, (gid_t)u->gid, (gid_t)u->gid) < 0 ||
		setresuid((uid_t)u->uid, (uid_t)u->uid, (uid_t)u->uid) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("its user");
	if (calls_limit(calls_find("service"), CALLS_EPERM) < 0)
		fatal("its system calls");
}

/* The service's, and a terminal's name. */
static char **read_environment(void)
{
	static char bytes[ENVIRONMENT_BYTES];
	static char *variables[VARIABLES_MAX + 2];
	size_t count = 0;
	ssize_t length = file_read(SERVICE "/environ", bytes, sizeof(bytes));
	if (length < 0)
		fatal("%s/environ", SERVICE);
	for (char *at = bytes; at < bytes + length && count < VARIABLES_MAX; at += strlen(at) + 1)
		variables[count++] = at;
	variables[count] = "TERM=linux";
	return variables;
}

static _Noreturn void run(char **argv, int shell)
{
	struct user user;
	enter_users();
	read_user(&user);
	environ = read_environment();
	become(&user);
	if (argv[0] != NULL)
		execvp(argv[0], argv);
	else
		syscall(SYS_execveat, shell, "", (char *const[]){"sh", NULL}, environ, AT_EMPTY_PATH);
	fatal("%s", argv[0] != NULL ? argv[0] : "/bin/busybox");
}

int main(int argc, char **argv)
{
	static struct record_view view;
	struct child_record service;
	int status;
	log_open("service-exec");
	child_record_read(&service, "service", &view, record_load(&view, "init", "service"));
	if (service.pid < 0)
		fatal("the service does not run");
	char path[64];
	snprintf(path, sizeof(path), "/proc/%lld/ns/pid", service.pid);
	errno = 0;
	if (inode_of(path) == inode_of("/proc/self/ns/pid"))
		fatal("the service has no box");
	int shell = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	enter(service.pid);
	pid_t pid = fork();
	if (pid == 0)
		run(argv + (argc > 0), shell);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		fatal("fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
