/* What is mounted over something in the service's root: found or made within that root, wherever its links
 * lead. */
#ifndef THIMBLE_INIT_BOX_TARGET_H
#define THIMBLE_INIT_BOX_TARGET_H

#include <sys/types.h>

#include "box_description.h"

/* What the box has of the guest, and the socket for syslog(): names for box_path(). */
#define BOX_LOG_SOCKET "../service-log"
#define BOX_FILES      "/run/guest"

/* Opens PATH below the folder ROOT with FLAGS; links lead nowhere but into ROOT. -1 with errno. */
int box_open(int root, const char *path, int flags);

/* The same with O_PATH, of a folder that is made, as OWNER's, when there is none; a link or a file in its
 * place is removed. */
int box_target(int root, const char *path, uid_t owner);

/* Makes /etc/resolv.conf, hosts and hostname of ROOT links to the guest's own, where they are not. -1 with
 * errno. */
int box_link_files(int root, uid_t owner);

/* Makes all targets, where a start could not. */
void box_make_targets(const struct box_description *d);

#endif
