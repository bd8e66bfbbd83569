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

const char *const box_files[] = {"resolv.conf", "hosts", "hostname", NULL};

int box_open(int root, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Makes NAME in FOLDER when nothing of its kind is there. */
static int make(int folder, const char *name, bool is_folder, uid_t owner)
{
	struct stat s;
	if (fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0) {
		if (is_folder ? S_ISDIR(s.st_mode) : S_ISREG(s.st_mode))
			return 0;
		if (unlinkat(folder, name, S_ISDIR(s.st_mode) ? AT_REMOVEDIR : 0) < 0)
			return -1;
	}
	int fd = is_folder ? -1 : openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
	if (is_folder ? mkdirat(folder, name, 0755) < 0 : fd < 0)
		return -1;
	return fchownat(folder, name, owner, owner, AT_SYMLINK_NOFOLLOW);
}

/* The folder PATH, which may be "", with those that it lies in. */
static int open_folder(int root, const char *path, uid_t owner)
{
	int fd = box_open(root, path[0] != '\0' ? path : "/", O_PATH | O_DIRECTORY);
	if (fd >= 0 || errno != ENOENT || path[0] == '\0')
		return fd;
	fd = box_target(root, path, true, owner);
	if (fd >= 0)
		close(fd);
	return box_open(root, path, O_PATH | O_DIRECTORY);
}

int box_target(int root, const char *path, bool folder, uid_t owner)
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
	int fd = make(parent, slash + 1, folder, owner) < 0
			 ? -1
			 : openat(parent, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	close(parent);
	errno = error;
	return fd;
}

static void make_target(int root, const char *path, bool folder, uid_t owner)
{
	int fd = box_target(root, path, folder, owner);
	if (fd < 0)
		log_warn("service: %s", path);
	else
		close(fd);
}

void box_make_targets(const struct box_description *d)
{
	static const char *const folders[] = {"/proc", "/dev", "/sys", "/run/secrets", NULL};
	uid_t owner = box_id(d, 0);
	char path[64];
	int root = open(d->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; folders[i] != NULL; i++)
		make_target(root, folders[i], true, owner);
	for (size_t i = 0; i < d->place_count; i++)
		make_target(root, d->places[i].path, true, owner);
	for (size_t i = 0; box_files[i] != NULL; i++) {
		snprintf(path, sizeof(path), "/etc/%s", box_files[i]);
		make_target(root, path, false, owner);
	}
	if (root >= 0)
		close(root);
}
