/* Addresses as text: endpoints and prefixes, parsed without the resolver. */
#ifndef THIMBLE_NET_TEXT_H
#define THIMBLE_NET_TEXT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "text.h"

enum {
	HOST_BYTES_MAX = 254,                       /* RFC 1035 2.3.4: 253 characters and NUL */
	ENDPOINT_TEXT_MAX = HOST_BYTES_MAX + 2 + 6, /* [host]:65535 */
};

/* HOST:PORT as the configuration has it. `host` is a name or a literal without brackets. */
struct endpoint {
	char host[HOST_BYTES_MAX];
	uint16_t port;
	bool literal; /* host is an address: `address` holds it, port included */
	struct sockaddr_storage address;
	socklen_t address_bytes;
};

/* Parses "192.0.2.1:1688", "[2001:db8::1]:1688" or "kms.example.org:1688" (RFC 1123 host names, port 1
 * to 65535) that takes up all LENGTH bytes. False: not of that form. An IPv6 literal may have a scope
 * ("[fe80::1%eth0]:1688") when its interface exists. */
bool endpoint_parse(struct endpoint *e, const char *s, size_t length);

/* Whether S is a host name by RFC 1123 2.1: letters, digits, hyphens, labels of 1 to 63, 253 in all. */
bool host_name_valid(const char *s, size_t length);

/* Appends address and port of SA: "192.0.2.1:1688", "[2001:db8::1]:1688". IPv4-mapped IPv6 is written
 * as IPv4. */
void text_add_sockaddr(struct text *t, const struct sockaddr *sa);

/* The same without the port. */
void text_add_address(struct text *t, const struct sockaddr *sa);

#endif
