#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "children.h"
#include "common/log.h"
#include "mount_tree.h"
#include "report.h"

#define ROOM "/room"

enum {
	PATH_BYTES_MAX = 96,
	DATA = TREE_NOSUID | TREE_NODEV | TREE_NOEXEC,
};

/* What every room has, beside the executables. Links, of the same file system: they cost nothing. */
static const char *const files[] = {
	"/init", "/bin/ntpd", "/etc/passwd", "/etc/hosts", "/etc/resolv.conf", "/etc/dhcpcd.conf"};

/* The next word of *AT as a path, with ROOM in front; false behind the last. A word without a slash is a
 * folder of records. */
static bool next_path(const char **at, char path[static PATH_BYTES_MAX])
{
	const char *word = *at + strspn(*at, " ");
	int length = (int)strcspn(word, " ");
	*at = word + length;
	if (memchr(word, '/', (size_t)length) != NULL)
		snprintf(path, PATH_BYTES_MAX, ROOM "%.*s", length, word);
	else
		snprintf(path, PATH_BYTES_MAX, ROOM "/run/thimble/%.*s/", length, word);
	return length > 0;
}

static void make_folders_to(const char *path)
{
	char folder[PATH_BYTES_MAX];
	for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			log_warn("%s", folder);
	}
}

/* Something to mount over: a folder where PATH ends in a slash, else a file. */
static void prepare_place(const char *path)
{
	make_folders_to(path);
	if (path[strlen(path) - 1] != '/' && mknod(path, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		log_warn("%s", path);
}

static void prepare_places(const char *words)
{
	char path[PATH_BYTES_MAX];
	while (words != NULL && next_path(&words, path))
		prepare_place(path);
}

static void make_link(const char *path)
{
	char to[PATH_BYTES_MAX];
	snprintf(to, sizeof(to), ROOM "%s", path);
	make_folders_to(to);
	if (link(path, to) < 0 && errno != EEXIST && errno != ENOENT)
		log_warn("%s", to);
}

bool room_has(const struct program *p)
{
	return p->box == NULL && (p->sees == NULL || strcmp(p->sees, "/") != 0);
}

static void prepare_one(const struct program *p)
{
	char path[PATH_BYTES_MAX];
	snprintf(path, sizeof(path), "/bin/%s", p->name);
	make_link(p->arguments != NULL ? p->arguments[0] : path);
	prepare_places(p->sees);
	prepare_places(p->writes);
	if (p->has_records)
		prepare_places(p->user);
	if (p->device != NULL)
		prepare_place(ROOM ROOM_DEVICE);
}

void room_prepare(const struct children *c)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		make_link(files[i]);
	for (size_t i = 0; i < c->count; i++)
		if (room_has(&c->child[i].program))
			prepare_one(&c->child[i].program);
}

/* Devices are files of /dev. What is not there, as settings that nobody has made, is not seen. */
static void show(int report, const char *path, const char *target, uint64_t attributes)
{
	int source = tree_take(path);
	if (source < 0 && errno == ENOENT)
		return;
	if (strncmp(path, "/dev/", strlen("/dev/")) == 0)
		attributes &= ~(uint64_t)TREE_NODEV;
	if (source >= 0 && tree_set(source, attributes) < 0)
		report_failure(report, path);
	tree_put(report, source, open(target, O_PATH | O_CLOEXEC), path);
}

static void show_all(int report, const char *words, uint64_t attributes)
{
	char path[PATH_BYTES_MAX];
	while (words != NULL && next_path(&words, path))
		show(report, path + strlen(ROOM), path, attributes);
}

void become_roomed(int report, const struct program *p)
{
	if (!room_has(p))
		return;
	if (unshare(CLONE_NEWNS) < 0)
		report_failure(report, "mounts of its own");
	/* Its executables are on it. */
	show(report, ROOM, ROOM, TREE_RDONLY | TREE_NOSUID | TREE_NODEV);
	show_all(report, p->sees, TREE_RDONLY | DATA);
	show_all(report, p->writes, DATA);
	if (p->has_records)
		show_all(report, p->user, DATA);
	if (p->device != NULL && p->device[0] != '\0')
		show(report, p->device, ROOM ROOM_DEVICE, DATA);
	int root = open(ROOM, O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree_enter(report, root);
	close(root);
}
