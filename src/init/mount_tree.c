#include "mount_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

/* <linux/mount.h> */
enum { TREE_CLONE = 1, MOVE_FROM_EMPTY = 0x4, MOVE_TO_EMPTY = 0x40 };
struct attributes {
	uint64_t set, clear, propagation, users;
};

int tree_take(const char *path)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC);
}

int tree_set(int mount, uint64_t attributes)
{
	const struct attributes all = {.set = attributes};
	return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &all, sizeof(all));
}

void tree_put(int report, int source, int target, const char *step)
{
	if (source < 0 || target < 0 ||
		syscall(SYS_move_mount, source, "", target, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY) < 0)
		report_failure(report, step);
	close(source);
	close(target);
}

/* The guest's own root, which is not a mount that could go, stays below the new one, where no path leads
 * (switch_root does so as well). */
void tree_enter(int report, int root)
{
	static const char *const guests[] = {"/run", "/tmp", "/home/service", "/sys", "/dev", "/proc"};
	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		if (umount2(guests[i], MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
			report_failure(report, guests[i]);
	if (fchdir(root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		report_failure(report, "chroot");
}
