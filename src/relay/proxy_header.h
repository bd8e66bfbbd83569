/* The header that names the client to an upstream: the PROXY protocol, version 2 (HAProxy's
 * doc/proxy-protocol.txt, section 2.2). */
#ifndef RELAY_PROXY_HEADER_H
#define RELAY_PROXY_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PROXY_HEADER_BYTES_MAX = 16 + 36 }; /* the head, and the addresses of TCP over IPv6 */

/* Writes the header for a connection of CLIENT that the relay accepted at SERVER, ports included, and returns
 * its length. IPv4-mapped IPv6 is written as IPv4; with one address of each family IPv4 is written as mapped
 * IPv6, as HAProxy does. Of another family: AF_UNSPEC, which leaves it to the upstream what to make of it. */
size_t proxy_header_write(uint8_t out[static PROXY_HEADER_BYTES_MAX], const struct sockaddr *client,
	const struct sockaddr *server);

#endif
