/* Which MTU a NIC is to have. */
#ifndef THIMBLE_LINK_MTU_H
#define THIMBLE_LINK_MTU_H

#include <stdint.h>

/* Below it the kernel disables IPv6 on the NIC (RFC 8200 5). dhcpcd gives a lease's smaller MTU to the IPv4
 * routes. */
enum { MTU_MIN = 1280 };

/* SETTING 0: none. LEASE: what the NIC's lease says, 0 for nothing; DHCP4: the word of its DHCP client
 * (docs/records.md; NULL: no record). BEFORE: what the NIC had before link changed it, 0 when link has not.
 * Returns 0 to leave it. */
uint32_t mtu_wanted(uint32_t setting, uint32_t lease, const char *dhcp4, uint32_t before);

#endif
