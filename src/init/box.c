#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box_target.h"
#include "common/file.h"
#include "common/log.h"
#include "common/record.h"
#include "common/text.h"

enum {
	SHARED_BYTES = 64 << 20, /* of /dev/shm at most, as containers have */
	INODES = 128,
	FILE_BYTES_MAX = 4096,
	NAMESPACE_PATIENCE_MS = 2000,
};

void box_path(char path[static BOX_PATH_MAX], const char *name)
{
	snprintf(path, BOX_PATH_MAX, "%s/init/box/%s", run_dir(), name);
}

void box_place_path(char path[static BOX_PATH_MAX], size_t number, const char *below)
{
	snprintf(path, BOX_PATH_MAX, "%s-places/%zu%s", run_dir(), number, below);
}

/* BYTES of each place, in proportion when all of them are more than half of the memory. */
static void cut_bounds(struct box *b, uint64_t available_bytes)
{
	struct box_description *d = &b->description;
	uint64_t sum, limit = available_bytes / 2;
	b->shared_bytes = available_bytes / 8 < SHARED_BYTES ? available_bytes / 8 : SHARED_BYTES;
	sum = b->shared_bytes + d->root_bytes;
	for (size_t i = 0; i < d->place_count; i++)
		sum += d->places[i].bytes;
	if (available_bytes == 0 || sum <= limit)
		return;
	log_warnx("service: what it may write to files is %llu MiB, more than half of the %llu MiB of memory "
		  "that are free: "
		  "cut in proportion",
		(unsigned long long)(sum >> 20), (unsigned long long)(available_bytes >> 20));
	/* In pages, of which no product is too large. */
	limit >>= 12;
	sum = (sum >> 12) + 1;
	b->shared_bytes = (b->shared_bytes >> 12) * limit / sum << 12;
	if (d->root_bytes != 0)
		d->root_bytes = ((d->root_bytes >> 12) * limit / sum + 1) << 12;
	for (size_t i = 0; i < d->place_count; i++)
		d->places[i].bytes = ((d->places[i].bytes >> 12) * limit / sum + 1) << 12;
}

/* A file takes a kilobyte of its own: what they all take stays in proportion to BYTES. */
static unsigned long long inodes_of(uint64_t bytes)
{
	return bytes / 8192 + INODES;
}

/* Bounds the root's file system to what is in it and what it may grow by. One that the service has together
 * with the guest (files laid over the guest's root) cannot be bounded. */
static void bound_root(struct box_description *d)
{
	char options[96];
	struct stat root, above;
	struct statfs s;
	char parent[BOX_PATH_MAX];
	snprintf(parent, sizeof(parent), "%s/..", d->root);
	if (stat(d->root, &root) < 0 || stat(parent, &above) < 0 || statfs(d->root, &s) < 0) {
		log_warn("%s", d->root);
		return;
	}
	if (root.st_dev == above.st_dev || s.f_type != TMPFS_MAGIC) {
		log_warnx("service: %s is no tmpfs of its own: read-only", d->root);
		d->root_bytes = 0;
		box_make_targets(d);
		if (mount(d->root, d->root, NULL, MS_BIND, NULL) < 0)
			log_warn("bind %s", d->root);
		return;
	}
	if (d->root_bytes == 0)
		return;
	snprintf(options, sizeof(options), "size=%llu",
		(unsigned long long)((s.f_blocks - s.f_bfree) * (uint64_t)s.f_bsize + d->root_bytes));
	/* Of one whose inodes are not counted (nr_inodes=0) none can be bounded any more. */
	if (s.f_files != 0)
		snprintf(options + strlen(options), sizeof(options) - strlen(options), ",nr_inodes=%llu",
			(unsigned long long)(s.f_files - s.f_ffree) + inodes_of(d->root_bytes));
	if (mount(NULL, d->root, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, options) < 0)
		log_warn("bound of %s", d->root);
}

/* They outlast the service's starts. Nobody but root can enter them here; each start fills those that are
 * empty. */
static void make_places(const struct box_description *d)
{
	char path[BOX_PATH_MAX], options[96];
	snprintf(path, sizeof(path), "%s-places", run_dir());
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		log_warn("%s", path);
	for (size_t i = 0; i < d->place_count; i++) {
		box_place_path(path, i, "");
		snprintf(options, sizeof(options), "mode=0700,size=%llu,nr_inodes=%llu",
			(unsigned long long)d->places[i].bytes, inodes_of(d->places[i].bytes));
		if ((mkdir(path, 0700) < 0 && errno != EEXIST) ||
			mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
			log_warn("%s", d->places[i].path);
	}
}

static _Noreturn void become_namespace(int ready, uint64_t processes_limit, const struct passwd *user)
{
	const struct rlimit processes = {.rlim_cur = processes_limit, .rlim_max = processes_limit};
	int error = 0;
	/* Not as root: only then the limit counts for the namespace (enforced_nproc_rlimit() in
	 * kernel/ucount.c). */
	if (setrlimit(RLIMIT_NPROC, &processes) < 0 ||
		setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0 || unshare(CLONE_NEWUSER) < 0)
		error = errno;
	(void)!write(ready, &error, sizeof(error));
	for (;;)
		pause();
}

static int write_map(pid_t pid, const char *name)
{
	char path[64], map[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int length = snprintf(map, sizeof(map), "0 %d %d", BOX_FIRST_ID, BOX_IDS);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int result = fd >= 0 && write(fd, map, (size_t)length) == length ? 0 : -1;
	if (fd >= 0)
		close(fd);
	return result;
}

/* Waits for PID's namespace, maps its ids and opens it. -1 with errno. */
static int take_namespace(pid_t pid, int ready)
{
	struct pollfd wait = {.fd = ready, .events = POLLIN};
	char path[64];
	int error = ETIMEDOUT;
	if (poll(&wait, 1, NAMESPACE_PATIENCE_MS) > 0 && read(ready, &error, sizeof(error)) < 0)
		error = errno;
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (write_map(pid, "uid_map") < 0 || write_map(pid, "gid_map") < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The user namespace of all starts: nobody can make another one after it. */
static int make_namespace(uint64_t processes_limit, const char *name)
{
	const struct passwd *user = getpwnam(name);
	int ends[2], fd, error;
	if (user == NULL) {
		errno = ENOENT;
		return -1;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0)
		become_namespace(ends[1], processes_limit, user);
	fd = pid < 0 ? -1 : take_namespace(pid, ends[0]);
	error = errno;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	close(ends[1]);
	errno = error;
	return fd;
}

/* What syslog() of the service sends to. The log reads it. */
static int make_log_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char path[BOX_PATH_MAX];
	box_path(path, BOX_LOG_SOCKET);
	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return fd;
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0)
		log_warn("%s", path);
	return fd;
}

/* Replaces the file NAME by TEXT where it is another than before: whoever reads or watches it sees the old
 * one whole or the new one. */
static void follow_file(const char *name, const char *text, size_t length)
{
	char path[BOX_PATH_MAX], new[BOX_PATH_MAX + 4], before[FILE_BYTES_MAX + 1];
	box_path(path, name);
	ssize_t old = file_read(path, before, sizeof(before));
	if (old == (ssize_t)length && memcmp(before, text, length) == 0)
		return;
	snprintf(new, sizeof(new), "%s.new", path);
	int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	bool written = fd >= 0 && write(fd, text, length) == (ssize_t)length;
	if (fd >= 0)
		close(fd);
	if (!written || rename(new, path) < 0)
		log_warn("%s", path);
}

void box_follow(void)
{
	char bytes[FILE_BYTES_MAX], name[65] = "localhost";
	struct text t;
	ssize_t length = file_read_fd(record_open("net", "resolv.conf"), bytes, sizeof(bytes));
	follow_file("resolv.conf", bytes, length < 0 ? 0 : (size_t)length);
	gethostname(name, sizeof(name) - 1);
	t = TEXT(bytes);
	text_add(&t, "%s\n", name);
	follow_file("hostname", bytes, t.used);
	text_clear(&t);
	text_add(&t,
		"127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost ip6-loopback %s\n"
		"ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
		name, name);
	follow_file("hosts", bytes, t.used);
}

void box_prepare(struct box *b, uint64_t available_bytes, uint64_t processes_limit, const char *name)
{
	char path[BOX_PATH_MAX];
	box_path(path, "");
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		log_warn("%s", path);
	b->log_socket = make_log_socket();
	box_follow();
	cut_bounds(b, available_bytes);
	bound_root(&b->description);
	make_places(&b->description);
	b->users = b->description.users == USERS_NAMESPACE ? make_namespace(processes_limit, name) : -1;
	b->users_error = b->users < 0 ? errno : 0;
}
