/* The reports to VMware's host, as open-vm-tools sends them (its guestInfo.h and nicinfo.x): SetGuestInfo and
 * a key of guestinfo. */
#ifndef THIMBLE_GUESTINFO_H
#define THIMBLE_GUESTINFO_H

#include "common/vmware.h"
#include "facts.h"

enum { GUESTINFO_NICS_MAX = 16, GUESTINFO_MESSAGE_MAX = 16384 };

/* The NICs with their addresses as NicInfoV3 in XDR (RFC 4506), at most GUESTINFO_NICS_MAX of them. The bytes
 * that it takes up in OUT; what does not fit is left out whole. */
size_t guestinfo_nics(struct facts *f, char *out, size_t size);

/* Sends all of it through PORT. False: the host did not accept all. */
bool guestinfo_tell(struct facts *f, vmware_port *port);

#endif
