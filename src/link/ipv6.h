/* IPv6 of a NIC, on and off. */
#ifndef THIMBLE_LINK_IPV6_H
#define THIMBLE_LINK_IPV6_H

/* 0, also on a kernel without IPv6; or -1 with errno. */
int ipv6_switch_off(const char *ifname);

/* Undoes ipv6_switch_off, of this or an earlier link process; what another program switched off stays so. 0,
 * or -1 with errno. */
int ipv6_switch_on(const char *ifname);

#endif
