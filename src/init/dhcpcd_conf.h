/* dhcpcd's configuration: the image's file, and what the settings `ip` and `mtu` keep it from doing. */
#ifndef THIMBLE_DHCPCD_CONF_H
#define THIMBLE_DHCPCD_CONF_H

#include "common/config.h"

/* Appends to T what the values IP and MTU of those settings add to the image's file; nothing when dhcpcd does
 * all that it always does. */
void dhcpcd_conf_add(struct text *t, const char *ip, const char *mtu);

/* Writes run_dir()/init/dhcpcd.conf from the image's file and C. The path that dhcpcd is to read: of that
 * file, or of the image's when there is nothing to add or it could not be written (logged). */
const char *dhcpcd_conf_write(const struct config *c);

#endif
