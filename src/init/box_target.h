/* What is mounted over something in the service's root: found or made within that root, wherever its links
 * lead. */
#ifndef THIMBLE_INIT_BOX_TARGET_H
#define THIMBLE_INIT_BOX_TARGET_H

#include <stdbool.h>

#include "box_description.h"

/* What the box has of the guest, and the socket for syslog(): names for box_path(). */
#define BOX_LOG_SOCKET "../service-log"
extern const char *const box_files[]; /* ends with NULL */

/* Opens PATH below the folder ROOT with FLAGS; links lead nowhere but into ROOT. -1 with errno. */
int box_open(int root, const char *path, int flags);

/* The same with O_PATH, of a folder or a plain file that is made when there is none; a link or anything else
 * in its place is removed. What is made is OWNER's. */
int box_target(int root, const char *path, bool folder, uid_t owner);

/* Makes all targets, where a start could not. */
void box_make_targets(const struct box_description *d);

#endif
