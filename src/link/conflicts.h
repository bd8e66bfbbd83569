/* IPv4 addresses of ours (RFC 5227): does another machine have one as well, and do the neighbours know that
 * it is here? The kernel does not look for the former, and dhcpcd's own search would cost each start five
 * seconds: the addresses are used at once, and asked for meanwhile. Who spoke to one before may know another
 * MAC, that of the NIC or machine that had it: it is announced twice, 2 s apart, for a first one may come
 * before the port of the switch passes anything on. In IPv6 the kernel does what is needed of that.
 *
 *   the kernel has it, on a NIC with carrier -> a round: asked for 3 times, a second apart -> quiet
 *   the carrier went and came, seen or not -> from the start
 *   somebody says that it is his, then or later -> told; a round every 15 s -> nobody did in one: quiet */
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

/* Asks for what is due at NOW_MS. *CHANGED: there is something new to report. Returns when it is to be called
 * again, in monotonic milliseconds; -1: when addresses change. */
int64_t conflicts_ask(int fd, int64_t now_ms, bool *changed);

#endif
