#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/arguments.h"
#include "common/file.h"
#include "common/log.h"
#include "common/record.h"
#include "common/text.h"
#include "programs.h"

enum { SYSCTL_PATH_MAX = 320 };

/* Two steps: what a screen needs, and the rest while the screens start. */
static const struct {
	enum mount_step step;
	const char *type, *where;
	unsigned long flags;
	const char *options;
} mounts[] = {
	{MOUNT_FIRST, "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755"},
	{MOUNT_FIRST, "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible"},
	{MOUNT_FIRST, "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL},
	/* Records and sockets of our own programs; a megabyte is many times what they write. */
	{MOUNT_FIRST, "tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m,nr_inodes=512"},
	/* Anybody may write here; the size keeps it from taking the memory of the rest. */
	{MOUNT_REST, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=1m,nr_inodes=128"},
};

/* Folders that can be written to and who owns them, beside the folders of records. Each that a program writes
 * to has a file system of its own: what its writer fills, the others do not miss. Of records, the log's lines
 * are the most, twice 64 KiB. */
#define RECORDS "size=256k,nr_inodes=128"
struct folder {
	const char *path, *user;
	mode_t mode;
	const char *size; /* of a file system of its own, or NULL */
};
static const struct folder first_folders[] = {
	{"/run/thimble", "root", 0755, NULL},
	{"/run/thimble/init", "root", 0755, NULL},
};
static const struct folder other_folders[] = {
	/* The service's home: what HOME names to it. */
	{"/home/service", "service", 0700, "size=1m,nr_inodes=128"},
	/* dhcpcd: sockets, leases, and the empty folder that its unprivileged processes are locked into. */
	{"/run/dhcpcd", "root", 0755, RECORDS},
	{"/run/dhcpcd/chroot", "root", 0755, NULL},
	{"/run/dhcpcd-db", "dhcpcd", 0750, RECORDS},
};

static void make_folder(const struct folder *f)
{
	const struct passwd *user = getpwnam(f->user);
	if (user == NULL) {
		log_warnx("%s: there is no user %s", f->path, f->user);
		return;
	}
	if (mkdir(f->path, f->mode) < 0 && errno != EEXIST)
		log_warn("mkdir %s", f->path);
	if (f->size != NULL &&
		mount("tmpfs", f->path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f->size) < 0)
		log_warn("mount %s", f->path);
	if (chown(f->path, user->pw_uid, user->pw_gid) < 0 || chmod(f->path, f->mode) < 0)
		log_warn("chown %s", f->path);
}

static void make_folders(const struct folder *folders, size_t count)
{
	for (size_t i = 0; i < count; i++)
		make_folder(&folders[i]);
}

/* One for each program that has any, also when the image is without it. The screens watch them, so they are
 * all there, and mounted over, before the first screen starts. */
static void make_record_folders(void)
{
	char path[64];
	for (const struct program *p = programs; p < programs + program_count; p++) {
		snprintf(path, sizeof(path), "/run/thimble/%s", p->name);
		if (p->has_records)
			make_folder(&(struct folder){path, p->user, 0755, RECORDS});
	}
}

void mount_step(enum mount_step step)
{
	umask(022);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (mounts[i].step == step &&
			mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags,
				mounts[i].options) < 0 &&
			errno != EBUSY)
			log_warn("mount %s", mounts[i].where);
	if (step == MOUNT_FIRST) {
		make_folders(first_folders, sizeof(first_folders) / sizeof(first_folders[0]));
		make_record_folders();
	} else {
		make_folders(other_folders, sizeof(other_folders) / sizeof(other_folders[0]));
	}
	/* Nothing on the root file system changes any more: it holds only what the image brought. Its mode
	 * is ours, whatever an archive laid over it says. */
	if (step == MOUNT_REST && chmod("/", 0755) < 0)
		log_warn("chmod /");
	if (step == MOUNT_REST &&
		mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		log_warn("remount / read-only");
}

static void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		log_warn("kernel setting %s = %s", path, value);
	if (fd >= 0)
		close(fd);
}

/* BEFORE, the folder that the * stands in, NAME in its place, and AFTER, what follows it. */
static void write_one(const char *before, const char *name, const char *after, const char *value)
{
	char path[SYSCTL_PATH_MAX];
	struct text t = TEXT(path);
	text_add(&t, "%s%s%s", before, name, after);
	if (t.overflow)
		log_warnx("kernel setting of %s: too long", name);
	else
		write_setting(path, value);
}

/* "default" goes first: a NIC that the kernel finds meanwhile has it, whether or not it is in the list. */
static void write_each(const char *before, const char *after, const char *value)
{
	DIR *folder = opendir(before);
	if (folder == NULL) {
		log_warn("%s", before);
		return;
	}
	write_one(before, "default", after, value);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		if (entry->d_name[0] != '.')
			write_one(before, entry->d_name, after, value);
	closedir(folder);
}

static void write_sysctl(const char *name, const char *value)
{
	char path[SYSCTL_PATH_MAX];
	struct text t = TEXT(path);
	text_add(&t, "/proc/sys/%s", name);
	if (t.overflow) {
		log_warnx("kernel setting %s: too long", name);
		return;
	}
	for (char *dot = path + strlen("/proc/sys/"); *dot != '\0'; dot++)
		if (*dot == '.')
			*dot = '/';
	char *star = strchr(path, '*');
	if (star == NULL) {
		write_setting(path, value);
		return;
	}
	*star = '\0';
	write_each(path, star + 1, value);
}

void apply_sysctl(const char *path)
{
	static char text[4096];
	char *words[4], *next;
	size_t count;
	if (file_read(path, text, sizeof(text)) < 0) {
		log_warn("%s", path);
		return;
	}
	for (char *line = text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (line[0] != '#' && arguments_split(line, words, 4, &count) == NULL && count == 3)
			write_sysctl(words[0], words[2]);
	}
}

void set_tcp_memory(uint64_t available_bytes)
{
	char value[80];
	struct text t = TEXT(value);
	unsigned long long pages = available_bytes / 4096;
	text_add(&t, "%llu %llu %llu", pages / 6, pages / 4, pages / 3);
	write_sysctl("net.ipv4.tcp_mem", value);
}

void open_network_to_box(void)
{
	write_sysctl("net.ipv4.ip_unprivileged_port_start", "0");
	write_sysctl("net.ipv4.ping_group_range", "0 2147483647");
}

void open_memory_files(void)
{
	write_sysctl("vm.memfd_noexec", "0");
}

void close_user_namespaces(void)
{
	if (access("/proc/sys/user/max_user_namespaces", F_OK) == 0)
		write_sysctl("user.max_user_namespaces", "0");
}

void bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		log_warn("loopback");
	} else {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
			log_warn("loopback up");
	}
	if (fd >= 0)
		close(fd);
}
