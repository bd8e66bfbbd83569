#include "box_target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

int box_open(int root, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Makes the folder NAME in FOLDER when there is none. */
static int make(int folder, const char *name, uid_t owner)
{
	struct stat s;
	if (fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(s.st_mode))
			return 0;
		if (unlinkat(folder, name, 0) < 0)
			return -1;
	}
	return mkdirat(folder, name, 0755) < 0 ? -1
					       : fchownat(folder, name, owner, owner, AT_SYMLINK_NOFOLLOW);
}

/* The folder PATH, which may be "", with those that it lies in. */
static int open_folder(int root, const char *path, uid_t owner)
{
	int fd = box_open(root, path[0] != '\0' ? path : "/", O_PATH | O_DIRECTORY);
	if (fd >= 0 || errno != ENOENT || path[0] == '\0')
		return fd;
	fd = box_target(root, path, owner);
	if (fd >= 0)
		close(fd);
	return box_open(root, path, O_PATH | O_DIRECTORY);
}

int box_target(int root, const char *path, uid_t owner)
{
	char above[1024];
	const char *slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash - path) >= sizeof(above)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	int parent = open_folder(root, above, owner);
	if (parent < 0)
		return -1;
	int fd = make(parent, slash + 1, owner) < 0
			 ? -1
			 : openat(parent, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	close(parent);
	errno = error;
	return fd;
}

static int link_file(int etc, const char *name, uid_t owner)
{
	char to[64], now[64];
	int length = snprintf(to, sizeof(to), "%s/%s", BOX_FILES, name);
	if (readlinkat(etc, name, now, sizeof(now)) == length && memcmp(now, to, (size_t)length) == 0)
		return 0;
	if (unlinkat(etc, name, 0) < 0 && errno != ENOENT)
		return -1;
	return symlinkat(to, etc, name) < 0 ? -1 : fchownat(etc, name, owner, owner, AT_SYMLINK_NOFOLLOW);
}

int box_link_files(int root, uid_t owner)
{
	static const char *const names[] = {"resolv.conf", "hosts", "hostname"};
	int etc = open_folder(root, "/etc", owner), result = 0, error = errno;
	for (size_t i = 0; etc >= 0 && result == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		result = link_file(etc, names[i], owner);
		error = errno;
	}
	if (etc >= 0)
		close(etc);
	errno = error;
	return etc < 0 ? -1 : result;
}

static void make_target(int root, const char *path, uid_t owner)
{
	int fd = box_target(root, path, owner);
	if (fd < 0)
		log_warn("service: %s", path);
	else
		close(fd);
}

void box_make_targets(const struct box_description *d)
{
	static const char *const folders[] = {"/proc", "/dev", "/sys", "/run/secrets", BOX_FILES, NULL};
	uid_t owner = box_id(d, 0);
	int root = open(d->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; folders[i] != NULL; i++)
		make_target(root, folders[i], owner);
	for (size_t i = 0; i < d->place_count; i++)
		make_target(root, d->places[i].path, owner);
	if (box_link_files(root, owner) < 0)
		log_warn("service: /etc");
	if (root >= 0)
		close(root);
}
