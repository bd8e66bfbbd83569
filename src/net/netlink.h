/* Sockets of rtnetlink: one that rings when something changed, one that is asked for all there is. */
#ifndef THIMBLE_NET_NETLINK_H
#define THIMBLE_NET_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink_parse.h"

/* A non-blocking socket that is told of changes of links, addresses and routes. -1 with errno. */
int netlink_open_notifications(void);

/* Reads and forgets what waits on it: what changed is found out by a dump, so that messages which the
 * kernel had to drop (ENOBUFS) need nothing more. 0, or -1 with errno. */
int netlink_drain(int fd);

/* A socket for netlink_dump. -1 with errno. */
int netlink_open_dump(void);

/* Asks for all objects of TYPE (RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE) and calls HANDLE with each message
 * of the answer. 0; or -1 with errno, EINTR when the objects changed meanwhile (NLM_F_DUMP_INTR). */
int netlink_dump(int fd, uint16_t type, void (*handle)(const struct netlink_message *, void *), void *data);

#endif
