#include "proxy_header.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "common/net_text.h"

enum {
	VERSION_2_PROXY = 0x21, /* LOCAL would be a connection of the relay's own */
	UNSPEC = 0x00,
	TCP_OVER_IPV4 = 0x11,
	TCP_OVER_IPV6 = 0x21,
	HEAD_BYTES = 16,
};

/* Both in the order of the network. */
struct end {
	struct in6_addr address; /* IPv4 in mapped form */
	in_port_t port;
};

static bool read_end(struct end *e, const struct sockaddr *sa)
{
	size_t at = sa->sa_family == AF_INET ? offsetof(struct sockaddr_in, sin_port)
					     : offsetof(struct sockaddr_in6, sin6_port);
	if (!address_of(&e->address, sa))
		return false;
	memcpy(&e->port, (const char *)sa + at, sizeof(e->port));
	return true;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

size_t proxy_header_write(uint8_t out[static PROXY_HEADER_BYTES_MAX], const struct sockaddr *client,
	const struct sockaddr *server)
{
	static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
	struct end from, to;
	uint8_t family = UNSPEC, *at = out + HEAD_BYTES;
	if (read_end(&from, client) && read_end(&to, server)) {
		bool ipv4 = IN6_IS_ADDR_V4MAPPED(&from.address) && IN6_IS_ADDR_V4MAPPED(&to.address);
		size_t skip = ipv4 ? sizeof(struct in6_addr) - sizeof(struct in_addr) : 0;
		family = ipv4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6;
		at = put_bytes(at, from.address.s6_addr + skip, sizeof(from.address) - skip);
		at = put_bytes(at, to.address.s6_addr + skip, sizeof(to.address) - skip);
		at = put_bytes(at, &from.port, sizeof(from.port));
		at = put_bytes(at, &to.port, sizeof(to.port));
	}
	const uint8_t addresses_bytes = (uint8_t)(at - out - HEAD_BYTES);
	const uint8_t rest[] = {VERSION_2_PROXY, family, 0, addresses_bytes};
	_Static_assert(sizeof(signature) + sizeof(rest) == HEAD_BYTES, "the head");
	put_bytes(put_bytes(out, signature, sizeof(signature)), rest, sizeof(rest));
	return (size_t)(at - out);
}
