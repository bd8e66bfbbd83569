/* Tells the neighbours of an IPv4 address that was set. */
#ifndef THIMBLE_LINK_ANNOUNCE_H
#define THIMBLE_LINK_ANNOUNCE_H

#include <stdint.h>

/* Sends an ARP announcement of ADDRESS (RFC 5227 section 2.3) from MAC out of the NIC IFINDEX. 0, or -1 with
 * errno. */
int announce(int ifindex, const uint8_t mac[static 6], const uint8_t address[static 4]);

#endif
