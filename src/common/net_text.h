/* Addresses as text: endpoints, services, prefixes, parsed without the resolver. */
#ifndef THIMBLE_NET_TEXT_H
#define THIMBLE_NET_TEXT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "text.h"

enum {
	HOST_BYTES_MAX = 254,                       /* RFC 1035 2.3.4: 253 characters and NUL */
	MACHINE_NAME_MAX = 64,                      /* HOST_NAME_MAX of Linux */
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

/* Whether S is a name for a machine: such a host name, but of no more than MACHINE_NAME_MAX characters,
 * without the "_" of services and without a dot at its end. */
bool machine_name_valid(const char *s, size_t length);

/* A service to be found by DNS: "srv:_service._tcp[.domain]" (RFC 2782). `name` is what stands after "srv:",
 * without a dot at its end; `relative` says that a search domain must follow: there are only the two labels
 * that begin with "_". */
struct service_name {
	char name[HOST_BYTES_MAX];
	bool relative;
};

/* Parses a service name that takes up all LENGTH bytes. False: not of that form. */
bool service_name_parse(struct service_name *n, const char *s, size_t length);

/* Addresses that share their first bits. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 2.5.5.2): 192.0.2.0/24 is
 * ::ffff:192.0.2.0/120. The bits behind the prefix are 0. */
struct prefix {
	struct in6_addr address;
	uint8_t length; /* of the mapped form, 0 to 128 */
};

/* Parses "192.0.2.0/24", "2001:db8::/32" or a single address, which may have bits behind the prefix. False:
 * not of that form. ::/0 does not take in IPv4, which has 0.0.0.0/0. */
bool prefix_parse(struct prefix *p, const char *s, size_t length);

/* Whether A, IPv4 in mapped form, lies in P. */
bool prefix_contains(const struct prefix *p, const struct in6_addr *a);

/* Makes a prefix of the first LENGTH bits (0 to 32, 0 to 128) of an address of FAMILY. */
void prefix_make(struct prefix *p, int family, const void *address, unsigned length);

/* The address of SA, IPv4 in mapped form. False: neither family. */
bool address_of(struct in6_addr *a, const struct sockaddr *sa);

/* What counts as one client: A itself when it is IPv4, in mapped form, and of IPv6 its /64, of which whoever
 * has one address can have all. */
struct in6_addr client_network(const struct in6_addr *a);

/* Appends address and port of SA: "192.0.2.1:1688", "[2001:db8::1]:1688". IPv4-mapped IPv6 is written
 * as IPv4. */
void text_add_sockaddr(struct text *t, const struct sockaddr *sa);

/* The same without the port. */
void text_add_address(struct text *t, const struct sockaddr *sa);

#endif
