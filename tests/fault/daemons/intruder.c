/* What an attacker would be who has taken over a program: it stands in the program's place in the image, with
 * the program's user, limits and room, and tries what it should not be able to do. `intruder`, with any
 * arguments, connects to 192.0.2.1, port 7009, and writes lines:
 *
 *   sees PATH          a file, from the root of its room on; not one of the empty ones that rooms of others
 * have something mounted over writes PATH        a file that it can open for writing, or a folder in which it
 * can make one tried WHAT: ERROR  or "done" bound WHAT: COUNT  how many or how much of it there was before it
 * was refused holding            it keeps what it has taken, until the other end closes
 *
 * Each attempt is a process of its own, so whatever ends that one is an answer too. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 7009, PIDS = 400, KIB = 1024, MIB = 1 << 20, FORKS_MAX = 200, PATH_BYTES = 512 };

static int out;
static pid_t self;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vdprintf(out, format, arguments);
	va_end(arguments);
}

/* In dhcpcd's place nobody gives the guest an address. */
static void give_address(const char *address)
{
	struct ifreq request = {.ifr_name = "eth0"};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(&request.ifr_addr, &in, sizeof(in));
	ioctl(fd, SIOCSIFADDR, &request);
	request.ifr_flags = IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static void connect_out(void)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = inet_addr("192.0.2.1")};
	for (;; usleep(200000)) {
		out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(out, (const struct sockaddr *)&to, sizeof(to)) == 0)
			return;
		close(out);
		if (geteuid() == 0)
			give_address("192.0.2.160");
	}
}

static void try_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		say("writes %s\n", path);
	close(fd);
}

static void try_folder(const char *path)
{
	char file[PATH_BYTES];
	snprintf(file, sizeof(file), "%s/.intruder", path);
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		say("writes %s\n", path[0] == '\0' ? "/" : path);
		unlink(file);
	}
	close(fd);
}

static void look_at(const char *path, const struct stat *s)
{
	struct stat root = {0};
	stat("/", &root);
	if (S_ISREG(s->st_mode) && s->st_size == 0 && s->st_dev == root.st_dev)
		return;
	say("sees %s\n", path);
	if (S_ISREG(s->st_mode))
		try_file(path);
}

/* PATH is "" for the root. */
static void walk(const char *path)
{
	char below[PATH_BYTES];
	struct stat s;
	DIR *folder = opendir(path[0] == '\0' ? "/" : path);
	try_folder(path);
	if (folder == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (lstat(below, &s) < 0)
			continue;
		if (S_ISDIR(s.st_mode))
			walk(below);
		else
			look_at(below, &s);
	}
	closedir(folder);
}

static int try_signals(void)
{
	for (pid_t pid = 1; pid < PIDS; pid++)
		if (pid != self && pid != getpid() && kill(pid, 0) == 0)
			return 0;
	errno = EPERM;
	return -1;
}

static int try_tracing(void)
{
	int error = EPERM;
	for (pid_t pid = 1; pid < PIDS; pid++) {
		if (pid == self || pid == getpid())
			continue;
		if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
			return 0;
		error = errno != ESRCH ? errno : error;
	}
	errno = error;
	return -1;
}

static int try_mount(void)
{
	return mount("tmpfs", "/run", "tmpfs", 0, NULL);
}

static int try_unmount(void)
{
	return umount2("/", MNT_DETACH);
}

static int try_namespace(void)
{
	return unshare(CLONE_NEWNS);
}

static int try_users(void)
{
	return unshare(CLONE_NEWUSER);
}

static int try_chroot(void)
{
	return chroot("/bin");
}

static int try_device(void)
{
	return mknod("/bin/memory", S_IFCHR | 0600, makedev(1, 1));
}

static int try_raw(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static int try_packets(void)
{
	return socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int try_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	return ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &request);
}

/* A request that init knows not: whoever may ask hears so, others hear that they may not. */
static int try_control(void)
{
	const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/thimble/control"};
	char answer[128] = "";
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	send(fd, "nonsense", 8, MSG_NOSIGNAL);
	errno = EPERM;
	return recv(fd, answer, sizeof(answer) - 1, 0) > 0 && strstr(answer, "not one of") != NULL ? 0 : -1;
}

static int try_time(void)
{
	struct timeval now;
	gettimeofday(&now, NULL);
	return settimeofday(&now, NULL);
}

static int try_reboot(void)
{
	return reboot(RB_DISABLE_CAD);
}

static int try_haste(void)
{
	return setpriority(PRIO_PROCESS, 0, -15);
}

static int try_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int try_core_pattern(void)
{
	return open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);
}

static int try_sysrq(void)
{
	return open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
}

static int try_helper(void)
{
	return open("/sys/kernel/uevent_helper", O_WRONLY | O_CLOEXEC);
}

static int try_tmp(void)
{
	return open("/tmp/intruder", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int try_run(void)
{
	return open("/run/intruder", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

/* How it was started: the parent has the answer. */
static int try_dump(void)
{
	errno = EPERM;
	return prctl(PR_GET_DUMPABLE) == 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} attempts[] = {{"signals", try_signals}, {"tracing", try_tracing}, {"mount", try_mount},
	{"unmount", try_unmount}, {"namespace", try_namespace}, {"users", try_users}, {"chroot", try_chroot},
	{"device", try_device}, {"raw", try_raw}, {"packets", try_packets}, {"network", try_network},
	{"control", try_control}, {"time", try_time}, {"reboot", try_reboot}, {"haste", try_haste},
	{"code", try_code}, {"core pattern", try_core_pattern}, {"sysrq", try_sysrq}, {"helper", try_helper},
	{"tmp", try_tmp}, {"run", try_run}, {"dump", try_dump}};

static void attempt(const char *name, int (*run)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(run() >= 0 ? 0 : errno);
	waitpid(pid, &status, 0);
	if (pid < 0)
		say("tried %s: fork: %s\n", name, strerror(errno));
	else if (WIFSIGNALED(status))
		say("tried %s: signal %d\n", name, WTERMSIG(status));
	else
		say("tried %s: %s\n", name,
			WEXITSTATUS(status) == 0 ? "done" : strerror(WEXITSTATUS(status)));
}

static unsigned long limit_of(int resource)
{
	struct rlimit limit;
	getrlimit(resource, &limit);
	return limit.rlim_cur;
}

static void take_processes(void)
{
	pid_t children[FORKS_MAX];
	int count = 0;
	while (count < FORKS_MAX && (children[count] = fork()) > 0)
		count++;
	if (count < FORKS_MAX && children[count] == 0)
		for (;;)
			pause();
	say("bound processes: %d\n", count + 1);
	while (count > 0) {
		kill(children[--count], SIGKILL);
		waitpid(children[count], NULL, 0);
	}
}

static void take_files(void)
{
	int fd, highest = 0;
	while ((fd = fcntl(out, F_DUPFD_CLOEXEC, 0)) >= 0 && fd < 1 << 20)
		highest = fd;
	say("bound files: %d\n", highest + 1);
	for (fd = out + 1; fd <= highest; fd++)
		close(fd);
}

/* Kept, as what follows. */
static void take_records(const char *path)
{
	static const char bytes[KIB];
	unsigned count = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (fd >= 0 && write(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
		count++;
	close(fd);
	say("bound records: %u\n", count);
}

static void take_sockets(void)
{
	static const char bytes[KIB];
	unsigned count = 0;
	for (int ends[2]; limit_of(RLIMIT_NOFILE) <= KIB &&
			  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0;)
		while (send(ends[0], bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
			count++;
	say("bound sockets: %u\n", count);
}

static void take_memory(void)
{
	unsigned count = 0;
	for (void *block; limit_of(RLIMIT_DATA) != RLIM_INFINITY &&
			  (block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				   0)) != MAP_FAILED;
		count++)
		memset(block, 1, MIB);
	say("bound memory: %u\n", count);
}

int main(int argc, char **argv)
{
	char records[64];
	const char *slash = strrchr(argv[0], '/');
	(void)argc;
	signal(SIGTERM, SIG_IGN);
	self = getpid();
	const char *name = slash != NULL ? slash + 1 : argv[0];
	snprintf(records, sizeof(records), "/run/thimble/%.20s/intruder",
		strcmp(name, "relay") == 0 ? "service" : name);
	connect_out();
	walk("");
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		attempt(attempts[i].name, attempts[i].run);
	take_processes();
	take_files();
	take_records(records);
	take_sockets();
	take_memory();
	say("holding\n");
	(void)!read(out, records, 1);
	return 0;
}
