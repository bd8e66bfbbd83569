#include "service_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

static const char secrets[] = "run/secrets/";

enum { PATH_BYTES_MAX = 128 }; /* of a name of fw_cfg, 55; /run/secrets/NAME */

/* The folder PATH below ROOT. Links on the way are the root's own: none leads out. */
static int open_in_root(const struct service_root *root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
}

/* The folder that PATH stands in; those that are missing are made. -1 with errno. */
static int open_parent(const struct service_root *root, const char *path)
{
	char folder[PATH_BYTES_MAX];
	int parent = open_in_root(root, ".");
	for (const char *slash = strchr(path, '/'); slash != NULL && parent >= 0;
		slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		const char *before = strrchr(folder, '/');
		const char *name = before == NULL ? folder : before + 1;
		int next = open_in_root(root, folder);
		if (next < 0 && errno == ENOENT && mkdirat(parent, name, 0755) == 0 &&
			fchownat(parent, name, root->uid, root->gid, AT_SYMLINK_NOFOLLOW) == 0)
			next = open_in_root(root, folder);
		int error = errno;
		close(parent);
		errno = error;
		parent = next;
	}
	return parent;
}

static bool is_secret(const char *path)
{
	return strncmp(path, secrets, sizeof(secrets) - 1) == 0;
}

/* FD is the new file. */
static int fill_file(
	const struct service_root *root, const char *path, int fd, const char *bytes, size_t length)
{
	ssize_t written = write(fd, bytes, length);
	if (written >= 0 && (size_t)written < length) {
		errno = ENOSPC;
		return -1;
	}
	if (written < 0 || fchown(fd, root->uid, root->gid) < 0)
		return -1;
	return fchmod(fd, is_secret(path) ? 0400 : 0644);
}

/* A new file in the place of what PATH names, for its owner alone until it is whole. 0, or -1 with errno. */
static int lay_file(const struct service_root *root, const char *path, const char *bytes, size_t length)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	int parent = open_parent(root, path), fd = -1, result = -1;
	if (parent < 0)
		return -1;
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		result = fill_file(root, path, fd, bytes, length);
	int error = errno;
	if (fd >= 0 && result < 0)
		unlinkat(parent, name, 0);
	if (fd >= 0)
		close(fd);
	close(parent);
	errno = error;
	return result;
}

void service_secrets_lay(const struct service_root *root, const struct config *c)
{
	char path[PATH_BYTES_MAX];
	const char *variable;
	bool secret;
	for (unsigned i = 0; (variable = config_variable(c, i, &secret)) != NULL; i++) {
		const char *value = strchr(variable, '=') + 1;
		snprintf(path, sizeof(path), "%s%.*s", secrets, (int)(value - 1 - variable), variable);
		if (secret && lay_file(root, path, value, strlen(value)) < 0)
			log_warn("/%s", path);
	}
}

/* Whether PATH names a file below a root, plainly, and not in what the kernel shows there. */
static bool is_path(const char *path)
{
	static const char *const not_ours[] = {"dev", "proc", "sys"};
	size_t first = strcspn(path, "/");
	for (size_t i = 0; i < sizeof(not_ours) / sizeof(not_ours[0]); i++)
		if (first == strlen(not_ours[i]) && memcmp(path, not_ours[i], first) == 0)
			return false;
	for (const char *at = path;; at++) {
		size_t length = strcspn(at, "/");
		if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && memcmp(at, "..", 2) == 0))
			return false;
		at += length;
		if (*at == '\0')
			return true;
	}
}

/* Copies what FROM has, at most MAX bytes, to a new file, and closes FROM. Its size; -1 with errno. */
static ssize_t lay_copy(const struct service_root *root, const char *path, int from, size_t max)
{
	static char bytes[SERVICE_FILE_BYTES_MAX + 2];
	ssize_t size = file_read_fd(from, bytes, sizeof(bytes));
	if (size > SERVICE_FILE_BYTES_MAX || size > (ssize_t)max) {
		errno = EFBIG;
		return -1;
	}
	return size < 0 || lay_file(root, path, bytes, (size_t)size) < 0 ? -1 : size;
}

/* Several in a line: at each start of the service it is the same. */
struct laid {
	char line[400];
	struct text text;
	unsigned count;
	size_t bytes;
};

static void tell_laid(struct laid *laid, const char *path, size_t size)
{
	char item[PATH_BYTES_MAX + 40];
	struct text t = TEXT(item);
	text_add(&t, "%s/%s, %zu bytes", laid->text.used > 0 ? "; " : "", path, size);
	text_add(&laid->text, "%s", item);
	if (!laid->text.overflow)
		return;
	log_info("laid for the service: %s", laid->line);
	text_clear(&laid->text);
	text_add(&laid->text, "/%s, %zu bytes", path, size);
}

static const char *why_not(const struct service_root *root, const struct laid *laid, const char *path)
{
	if (!is_path(path))
		return "not a path of a file, or in /dev, /proc or /sys";
	if (root->signed_only && !is_secret(path))
		return "with Secure Boot only below /run/secrets: no signature covers it";
	return laid->count == SERVICE_FILES_MAX ? "too many files" : NULL;
}

/* FOLDER is one file's of the driver: its `name` and its contents, `raw`. */
static void lay_one(const struct service_root *root, int folder, struct laid *laid)
{
	static const char ours[] = "opt/thimble/files/";
	char name[128];
	ssize_t length = file_read_fd(openat(folder, "name", O_RDONLY | O_CLOEXEC), name, sizeof(name));
	const char *path = name + sizeof(ours) - 1;
	if (length < (ssize_t)sizeof(ours) || memcmp(name, ours, sizeof(ours) - 1) != 0)
		return;
	name[strcspn(name, "\n")] = '\0';
	const char *why = why_not(root, laid, path);
	if (why != NULL) {
		log_warnx("fw_cfg: %s: %s", name, why);
		return;
	}
	ssize_t size = lay_copy(root, path, openat(folder, "raw", O_RDONLY | O_CLOEXEC),
		SERVICE_FILES_BYTES_MAX - laid->bytes);
	if (size < 0) {
		log_warn("fw_cfg: %s", name);
		return;
	}
	laid->count++;
	laid->bytes += (size_t)size;
	tell_laid(laid, path, (size_t)size);
}

void service_fw_cfg_lay(const struct service_root *root, const char *folder)
{
	static struct laid laid;
	DIR *entries = opendir(folder);
	laid.count = 0;
	laid.bytes = 0;
	laid.text = (struct text)TEXT(laid.line);
	if (entries == NULL)
		return; /* not QEMU */
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		int one = entry->d_name[0] == '.'
				  ? -1
				  : openat(dirfd(entries), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (one < 0)
			continue;
		lay_one(root, one, &laid);
		close(one);
	}
	closedir(entries);
	if (laid.text.used > 0)
		log_info("laid for the service: %s", laid.line);
}

/* As patch 11 decides on an initrd: by what the EFI stub found (Documentation/arch/x86/zero-page.rst). */
static bool secure_boot(void)
{
	enum { PLACE = 0x1ec, UNKNOWN = 1, ENABLED = 3 };
	char parameters[PLACE + 2];
	return file_read("/sys/kernel/boot_params/data", parameters, sizeof(parameters)) > PLACE &&
	       (parameters[PLACE] == UNKNOWN || parameters[PLACE] == ENABLED);
}

void service_files_lay(int root_fd, const struct config *c, uid_t uid, gid_t gid)
{
	const struct service_root root = {root_fd, uid, gid, secure_boot()};
	service_fw_cfg_lay(&root, "/sys/firmware/qemu_fw_cfg/by_key");
	service_secrets_lay(&root, c);
}
