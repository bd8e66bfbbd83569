/* Mounts that are nowhere yet, and the root that they become: for a service's box and for programs' rooms. */
#ifndef THIMBLE_INIT_MOUNT_TREE_H
#define THIMBLE_INIT_MOUNT_TREE_H

#include <stdint.h>

/* Of <linux/mount.h>, which no C library has whole and beside its own. */
enum { TREE_RDONLY = 0x1, TREE_NOSUID = 0x2, TREE_NODEV = 0x4, TREE_NOEXEC = 0x8 };

/* A new mount of what is at PATH, nowhere yet; the caller closes it. -1 with errno. */
int tree_take(const char *path);

/* Adds ATTRIBUTES, a mask of TREE_*, to MOUNT. -1 with errno. */
int tree_set(int mount, uint64_t attributes);

/* Puts the mount SOURCE over TARGET; both may be -1. Closes them. Where that fails, STEP goes to REPORT. */
void tree_put(int report, int source, int target, const char *step);

/* Makes ROOT, a mount of the process's own mount namespace, its root, and lets go of what the guest has
 * mounted. */
void tree_enter(int report, int root);

#endif
