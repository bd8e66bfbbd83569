/* First what comes from the guest is mounted in the service's root, by descriptors: no link of that root
 * leads out of it. Then it becomes the root of the process, and what is the box's own is mounted by path:
 * there is nothing outside any more. */
#include "box_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "box_fill.h"
#include "box_target.h"
#include "common/record.h"
#include "mount_tree.h"
#include "report.h"
#include "service_files.h"

#define SECRETS "/run/secrets"

enum { TERMINAL_GROUP = 5 }; /* tty, as everywhere */

/* Copies what the image has at PLACE to BELOW/d, by way of d.new: where there is a d, it is whole. */
static void fill_place(int report, int root, const struct box_description *d, const struct box_place *place,
	const char *below)
{
	static char from[BOX_PATH_MAX + 8], to[BOX_PATH_MAX + 8];
	snprintf(from, sizeof(from), "%s.new", below);
	snprintf(to, sizeof(to), "%s", below);
	if (mkdir(from, 0700) < 0 && errno != EEXIST)
		report_failure(report, place->path);
	int image = box_open(root, place->path, O_RDONLY | O_DIRECTORY);
	if (image >= 0 && box_fill(image, open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		report_failure(report, place->path);
	if (chown(from, box_id(d, place->uid), box_id(d, place->gid)) < 0 || chmod(from, place->mode) < 0 ||
		rename(from, to) < 0)
		report_failure(report, place->path);
}

static void put_places(int report, int root, const struct box_description *d)
{
	char path[BOX_PATH_MAX];
	for (size_t i = 0; i < d->place_count; i++) {
		const struct box_place *place = &d->places[i];
		box_place_path(path, i, "/d");
		if (access(path, F_OK) < 0)
			fill_place(report, root, d, place, path);
		tree_put(report, tree_take(path), box_target(root, place->path, box_id(d, 0)), place->path);
	}
}

/* A file system for /run/secrets. */
static void put_secrets(int report, int root, const struct box_description *d)
{
	char where[32], options[64];
	int target = box_target(root, SECRETS, box_id(d, 0));
	snprintf(where, sizeof(where), "/proc/self/fd/%d", target);
	snprintf(options, sizeof(options), "mode=0755,size=1m,nr_inodes=128,uid=%u,gid=%u", box_id(d, 0),
		box_id(d, 0));
	if (target < 0 || mount("tmpfs", where, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0)
		report_failure(report, SECRETS);
	close(target);
}

/* The folder with the guest's files, and links to them in /etc: those who follow a file see it replaced. */
static void put_files(int report, int root, const struct box_description *d)
{
	char path[BOX_PATH_MAX];
	box_path(path, "");
	int source = tree_take(path);
	if (source >= 0 && tree_set(source, TREE_RDONLY | TREE_NOSUID | TREE_NODEV) < 0)
		report_failure(report, BOX_FILES);
	tree_put(report, source, box_target(root, BOX_FILES, box_id(d, 0)), BOX_FILES);
	if (box_link_files(root, box_id(d, 0)) < 0)
		report_failure(report, "/etc");
}

/* What the box's own file systems are mounted over. */
static void make_targets(int report, int root, const struct box_description *d)
{
	static const char *const folders[] = {"/proc", "/dev", "/sys"};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int fd = box_target(root, folders[i], box_id(d, 0));
		if (fd < 0)
			report_failure(report, folders[i]);
		close(fd);
	}
}

static void mount_own(int report, const struct box *b)
{
	const struct box_description *d = &b->description;
	char dev[80], pts[80], shared[80];
	const struct {
		const char *type, *where;
		unsigned long flags;
		const char *options;
		bool wanted;
	} mounts[] = {
		{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true},
		{"tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, dev, true},
		{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, pts, true},
		{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, shared, true},
		{"mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true},
		{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL, d->sys != 0},
	};
	snprintf(dev, sizeof(dev), "mode=0755,size=64k,nr_inodes=64,uid=%u,gid=%u", box_id(d, 0),
		box_id(d, 0));
	snprintf(pts, sizeof(pts), "newinstance,ptmxmode=0666,mode=0620,gid=%u,max=64",
		box_id(d, TERMINAL_GROUP));
	snprintf(shared, sizeof(shared), "mode=1777,size=%llu,nr_inodes=%llu",
		(unsigned long long)b->shared_bytes, (unsigned long long)b->shared_bytes / 8192 + 16);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (!mounts[i].wanted)
			continue;
		if (strncmp(mounts[i].where, "/dev/", 5) == 0 && mkdir(mounts[i].where, 0755) < 0)
			report_failure(report, mounts[i].where);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags,
			    mounts[i].options) < 0 &&
			errno != ENODEV) /* a kernel without queues */
			report_failure(report, mounts[i].where);
	}
}

static void make_devices(int report, const struct box_description *d)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} devices[] = {{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7}, {"/dev/random", 1, 8},
		{"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
	static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"}, {"pts/ptmx", "/dev/ptmx"}};
	uid_t owner = box_id(d, 0);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (mknod(devices[i].path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)) < 0 ||
			chown(devices[i].path, owner, owner) < 0)
			report_failure(report, devices[i].path);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			report_failure(report, links[i][1]);
}

/* The socket FD for syslog(). */
static void put_log(int report, int fd)
{
	int target = open("/dev/log", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (target >= 0)
		close(target);
	tree_put(report, fd, open("/dev/log", O_PATH | O_CLOEXEC), "/dev/log");
}

/* What /proc tells of the guest, and what can be set by it. The command line may have secrets. */
static void mask_proc(int report)
{
	static const char *const masked[] = {"/proc/cmdline", "/proc/bootconfig", "/proc/kcore", "/proc/keys",
		"/proc/key-users", "/proc/kmsg", "/proc/sysrq-trigger", "/proc/timer_list",
		"/proc/config.gz"};
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
			report_failure(report, masked[i]);
	if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) < 0 ||
		mount(NULL, "/proc/sys", NULL,
			MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		report_failure(report, "/proc/sys");
}

void box_root_enter(int report, const struct box *b, const struct config *config)
{
	const struct box_description *d = &b->description;
	char path[BOX_PATH_MAX];
	int log;
	umask(0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		report_failure(report, "mounts of its own");
	int root = open(d->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		report_failure(report, d->root);
	put_places(report, root, d);
	put_secrets(report, root, d);
	service_files_lay(root, config, box_id(d, d->uid), box_id(d, d->gid));
	put_files(report, root, d);
	make_targets(report, root, d);
	box_path(path, BOX_LOG_SOCKET);
	log = tree_take(path);
	if (tree_set(root, TREE_NOSUID | TREE_NODEV | (d->root_bytes == 0 ? TREE_RDONLY : 0)) < 0)
		report_failure(report, d->root);
	tree_enter(report, root);
	close(root);
	mount_own(report, b);
	make_devices(report, d);
	put_log(report, log);
	mask_proc(report);
	umask(022);
}
