#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "become.h"
#include "children.h"
#include "common/log.h"
#include "mount_tree.h"
#include "report.h"

#define ROOM "/room"

enum {
	PATH_BYTES_MAX = 96,
	SHOWN_MAX = 16, /* at least as many as a row has words */
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

/* The mount namespace that every room is a copy of: /room is its root, and nothing else is mounted. */
static int empty_room = -1;

/* Changes the descriptor empty_room, which it shares with init. */
static _Noreturn void make_empty_room(void)
{
	int own, place, room;
	if (unshare(CLONE_NEWNS) < 0 || (own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)) < 0 ||
		(room = tree_take(ROOM)) < 0 || tree_set(room, TREE_RDONLY | TREE_NOSUID | TREE_NODEV) < 0 ||
		(place = open(ROOM, O_PATH | O_CLOEXEC)) < 0)
		_exit(EXIT_SYSTEM);
	tree_put(-1, room, place, ROOM);
	tree_enter(-1, open(ROOM, O_PATH | O_DIRECTORY | O_CLOEXEC));
	_exit(dup3(own, empty_room, O_CLOEXEC) < 0 ? EXIT_SYSTEM : 0);
}

void room_prepare(const struct children *c)
{
	int status = -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		make_link(files[i]);
	for (size_t i = 0; i < c->count; i++)
		if (room_has(&c->child[i].program))
			prepare_one(&c->child[i].program);
	empty_room = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	pid_t pid = become_apart(CLONE_FILES);
	if (pid == 0)
		make_empty_room();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		log_warnx("no rooms for programs: none of them can start");
		close(empty_room);
		empty_room = -1;
	}
}

/* What a room has, taken in the guest's namespace and put into its own. */
struct shown {
	int mount;
	char at[PATH_BYTES_MAX];
};

/* Devices are files of /dev. What is not there, as settings that nobody has made, is not seen. */
static struct shown *take(
	int report, struct shown *next, const char *path, const char *at, uint64_t attributes)
{
	next->mount = tree_take(path);
	if (next->mount < 0 && errno == ENOENT)
		return next;
	if (strncmp(path, "/dev/", strlen("/dev/")) == 0)
		attributes &= ~(uint64_t)TREE_NODEV;
	if (next->mount < 0 || tree_set(next->mount, attributes) < 0)
		report_failure(report, path);
	snprintf(next->at, sizeof(next->at), "%s", at);
	return next + 1;
}

static struct shown *take_all(int report, struct shown *next, const char *words, uint64_t attributes)
{
	char path[PATH_BYTES_MAX];
	while (words != NULL && next_path(&words, path))
		next = take(report, next, path + strlen(ROOM), path + strlen(ROOM), attributes);
	return next;
}

void become_roomed(int report, const struct program *p)
{
	static struct shown all[SHOWN_MAX], *end = all;
	if (!room_has(p))
		return;
	end = take_all(report, end, p->sees, TREE_RDONLY | DATA);
	end = take_all(report, end, p->writes, DATA);
	if (p->has_records)
		end = take_all(report, end, p->user, DATA);
	if (p->device != NULL && p->device[0] != '\0')
		end = take(report, end, p->device, ROOM_DEVICE, DATA);
	if (setns(empty_room, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0)
		report_failure(report, "mounts of its own");
	for (const struct shown *one = all; one < end; one++)
		tree_put(report, one->mount, open(one->at, O_PATH | O_CLOEXEC), one->at);
}
