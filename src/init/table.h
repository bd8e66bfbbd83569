/* The table of children. */
#ifndef THIMBLE_TABLE_H
#define THIMBLE_TABLE_H

#include "children.h"

/* Fills the table in the order of the start, by the image's facts, the settings and the consoles that there
 * are. Returns the service, or NULL. */
struct child *table_fill(struct children *c, const struct config *config);

/* After a change of the settings: whoever follows them is ended and started anew with them. */
void table_renew(struct children *c, const struct config *config);

#endif
