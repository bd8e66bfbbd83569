/* Our IPv4 addresses (RFC 5227): does another machine have one too, and do the neighbours know that it is
 * here? The kernel does not probe, and dhcpcd's probing would cost each start five seconds: so addresses are
 * used at once and probed meanwhile. Neighbours may know the MAC of the NIC or machine that had an address
 * before: it is announced twice, 2 s apart, because the first may come before the port of the switch
 * forwards. For IPv6 the kernel does all that is needed.
 *
 *   the kernel has it, on a NIC with carrier -> a round of 3 probes, a second apart -> quiet
 *   the carrier was lost and is back, seen or not -> from the start
 *   another machine claims it, then or later -> reported; a round every 15 s -> no claim in one: quiet */
#ifndef THIMBLE_LINK_CONFLICTS_H
#define THIMBLE_LINK_CONFLICTS_H

#include "nics.h"

/* The kernel's addresses follow, one conflicts_note() each. */
void conflicts_begin(void);

/* The NIC has ADDRESS. ANNOUNCE: it is ours to announce; dhcpcd announces its own. */
void conflicts_note(const struct nic *nic, const uint8_t address[static 4], bool announce);

/* Those were all: what was not noted is forgotten. Problems are reported, by report.h. */
void conflicts_end(int fd);

/* Reads what others say, from FD of arp_open(). True when there is something new to report. */
bool conflicts_hear(int fd);

/* Probes what is due at NOW_MS. *CHANGED: there is something new to report. Returns when to call it
 * again, in monotonic milliseconds; -1: when addresses change. */
int64_t conflicts_ask(int fd, int64_t now_ms, bool *changed);

#endif
