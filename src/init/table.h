/* The table of children. */
#ifndef THIMBLE_TABLE_H
#define THIMBLE_TABLE_H

#include "children.h"
#include "common/config.h"

/* Fills the table in the order of the start, by the image's facts, the settings and the consoles that there
 * are. HOST_NAME is kept: what dhcpcd sends. Returns the service, or NULL. */
struct child *table_fill(struct children *c, const struct config *config, const char *host_name);

/* After a change of the settings, which were BEFORE: whoever follows them is ended and started anew with
 * them. */
void table_renew(struct children *c, const struct config *before, const struct config *config);

#endif
