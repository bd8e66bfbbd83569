/* VMware's guestinfo: settings from outside. */
#ifndef THIMBLE_GUESTINFO_H
#define THIMBLE_GUESTINFO_H

#include "common/vmware.h"

/* Asks PORT for guestinfo.KEY into VALUE, NUL-terminated. Its length; -1: not set, does not fit, or no answer
 * of the channel's. */
ssize_t vmware_ask(vmware_port *port, const char *key, char *value, size_t size);

#endif
