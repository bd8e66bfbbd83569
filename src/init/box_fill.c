#include "box_fill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each level has two folders open. */
enum { DEPTH_MAX = 128 };

static int fill(int from, int to, int depth);

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	return symlinkat(target, to, name) < 0 && errno != EEXIST ? -1 : 0;
}

static int fill_bytes(int in, int out, off_t bytes)
{
	off_t at = 0;
	while (at < bytes) {
		ssize_t sent = sendfile(out, in, &at, (size_t)(bytes - at));
		if (sent == 0)
			break;
		if (sent < 0)
			return -1;
	}
	return 0;
}

static int copy_file(int from, int to, const char *name, off_t bytes)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int out = in < 0 ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = out < 0 ? -1 : fill_bytes(in, out, bytes);
	int error = errno;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	errno = error;
	return result;
}

static int copy_folder(int from, int to, const char *name, int depth)
{
	if (depth == DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
		return -1;
	return fill(openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), depth + 1);
}

static int copy(int from, int to, const char *name, int depth)
{
	struct stat s;
	int result;
	if (fstatat(from, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(s.st_mode))
		result = copy_folder(from, to, name, depth);
	else if (S_ISREG(s.st_mode))
		result = copy_file(from, to, name, s.st_size);
	else if (S_ISLNK(s.st_mode))
		result = copy_link(from, to, name);
	else
		return 0;
	if (result < 0 || fchownat(to, name, s.st_uid, s.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		(!S_ISLNK(s.st_mode) && fchmodat(to, name, s.st_mode & 07777, 0) < 0))
		return -1;
	const struct timespec times[2] = {s.st_mtim, s.st_mtim};
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

/* Closes both. */
static int fill(int from, int to, int depth)
{
	DIR *folder = from < 0 || to < 0 ? NULL : fdopendir(from);
	int result = folder == NULL ? -1 : 0, error = errno;
	for (struct dirent *entry; result == 0 && (entry = readdir(folder)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			result = copy(dirfd(folder), to, entry->d_name, depth);
			error = errno;
		}
	}
	if (folder != NULL)
		closedir(folder);
	else if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	errno = error;
	return result;
}

int box_fill(int from, int to)
{
	return fill(from, to, 0);
}
