/* Files that the hypervisor and the settings lay into the service's root. */
#ifndef THIMBLE_SERVICE_FILES_H
#define THIMBLE_SERVICE_FILES_H

#include <sys/types.h>

#include "common/config.h"

enum {
	SERVICE_FILES_MAX = 64,             /* of fw_cfg */
	SERVICE_FILE_BYTES_MAX = 64 * 1024, /* the kernel's time for one grows with the square of its size */
	SERVICE_FILES_BYTES_MAX = 256 * 1024,
};

/* Where they go, and whose they become: ids of the guest. */
struct service_root {
	int fd; /* O_PATH will do */
	uid_t uid;
	gid_t gid;
	bool signed_only; /* what is laid must not be code: only below /run/secrets, which is mounted noexec
			   */
};

/* Each secret of C as /run/secrets/NAME (0400). Parents are made (0755). What is there is replaced, and what
 * cannot be written is logged. */
void service_secrets_lay(const struct service_root *root, const struct config *c);

/* Each file opt/thimble/files/PATH of those that FOLDER, qemu_fw_cfg/by_key of the kernel's driver, has as
 * /PATH (0400 below /run/secrets, else 0644). The log has what was laid, with its size, and what was not. */
void service_fw_cfg_lay(const struct service_root *root, const char *folder);

/* Both, for the service's start. Needs the guest's /sys. */
void service_files_lay(int root_fd, const struct config *c, uid_t uid, gid_t gid);

#endif
