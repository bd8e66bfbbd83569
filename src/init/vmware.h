/* VMware's guestinfo: settings from outside. */
#ifndef THIMBLE_INIT_VMWARE_H
#define THIMBLE_INIT_VMWARE_H

#include "common/vmware.h"

/* Asks PORT for guestinfo.KEY into VALUE, NUL-terminated. Its length; -1: not set, does not fit, or no answer
 * of the channel's. */
ssize_t vmware_ask(vmware_port *port, const char *key, char *value, size_t size);

/* The same of this machine's port; -1 as well where this is not VMware. A child process does it, which is
 * killed after a second: the request may fault or get no answer, and neither may harm PID 1. */
ssize_t vmware_guestinfo(const char *key, char *value, size_t size);

#endif
