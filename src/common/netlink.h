/* rtnetlink (RFC 3549): a socket for notifications of changes, one to dump the full state, and the messages
 * and attributes in its answers. Nothing is trusted: a message that is truncated or has a wrong length ends
 * the walk. */
#ifndef THIMBLE_NETLINK_H
#define THIMBLE_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct netlink_message {
	uint16_t type;
	uint16_t flags;
	uint32_t sequence;
	const uint8_t *payload;
	size_t payload_bytes;
};

/* Takes the message at *AT out of LENGTH bytes and moves *AT behind it. False at the end, and when what is
 * there is no whole message: then *AT is not LENGTH. */
bool netlink_next(const uint8_t *bytes, size_t length, size_t *at, struct netlink_message *m);

struct netlink_attribute {
	uint16_t type;
	const uint8_t *value;
	size_t bytes;
};

/* N rounded up to where the next header or attribute begins. */
size_t netlink_align(size_t n);

/* The attribute at *AT. False at the end; a cut one clears *GOOD. */
bool netlink_next_attribute(
	const uint8_t *bytes, size_t length, size_t *at, struct netlink_attribute *a, bool *good);

/* The value of A as a number; false when it is too short for one. */
bool netlink_u32(const struct netlink_attribute *a, uint32_t *value);

/* A non-blocking socket for notifications of GROUPS (RTMGRP_*). -1 with errno. */
int netlink_open_notifications(uint32_t groups);

/* recv() of what the kernel sent. Processes can send to a netlink socket as well, with CAP_NET_ADMIN or for
 * some families without: such messages are skipped. */
ssize_t netlink_receive(int fd, void *bytes, size_t size, int flags);

/* Reads and forgets what waits on it: what changed is found out by a dump, so that messages which the
 * kernel had to drop (ENOBUFS) need nothing more. 0, or -1 with errno. */
int netlink_drain(int fd);

/* A socket for netlink_dump and netlink_ask. -1 with errno. */
int netlink_open_dump(void);

/* A request to the kernel that is being put together: begin, add, ask. */
struct netlink_request {
	size_t bytes;
	_Alignas(4) uint8_t data[256];
};

/* TYPE is RTM_*, FLAGS NLM_F_* besides those that netlink_ask adds; BODY is the message's own header. */
void netlink_begin(
	struct netlink_request *r, uint16_t type, uint16_t flags, const void *body, size_t body_bytes);

/* Appends an attribute; with one that does not fit netlink_ask fails (EMSGSIZE). Returns where it is, for
 * netlink_close. */
size_t netlink_add(struct netlink_request *r, uint16_t type, const void *value, size_t bytes);
void netlink_add_u32(struct netlink_request *r, uint16_t type, uint32_t value);

/* The attribute AT, added without a value, holds all those added behind it. */
void netlink_close(struct netlink_request *r, size_t at);

/* Sends R and waits for the answer. 0; or -1 with errno, the kernel's reason. */
int netlink_ask(int fd, struct netlink_request *r);

/* Asks for all objects of TYPE (RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE) and calls HANDLE with each message
 * of the answer. 0; or -1 with errno, EINTR when the objects changed meanwhile (NLM_F_DUMP_INTR). */
int netlink_dump(int fd, uint16_t type, void (*handle)(const struct netlink_message *, void *), void *data);

#endif
