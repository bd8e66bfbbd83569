/* The mounts of a box. */
#ifndef THIMBLE_INIT_BOX_ROOT_H
#define THIMBLE_INIT_BOX_ROOT_H

#include "box.h"
#include "common/config.h"

/* In a process with a mount namespace of its own: makes the service's root, with all that is mounted in it,
 * the root of this process, and takes everything of the guest away. CONFIG has files for it. Failures are
 * reported to REPORT and end the process. */
void box_root_enter(int report, const struct box *b, const struct config *config);

#endif
