#include "common/net_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "common/ip.h"

bool host_name_valid(const char *s, size_t length)
{
	size_t label = 0;
	bool all_numeric = true; /* of the last label: RFC 1123 2.1, a name is not an address */
	if (length > 0 && s[length - 1] == '.')
		length--;
	if (length == 0 || length > 253)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '.') {
			if (label == 0 || s[i - 1] == '-')
				return false;
			label = 0;
			all_numeric = true;
			continue;
		}
		/* "_" is no host name, but names of services in DNS have it (RFC 2782). */
		if (!(isalnum(c) && c < 0x80) && c != '_' && (c != '-' || label == 0))
			return false;
		all_numeric = all_numeric && isdigit(c);
		if (++label > 63)
			return false;
	}
	return label > 0 && s[length - 1] != '-' && !all_numeric;
}

bool machine_name_valid(const char *s, size_t length)
{
	return length <= MACHINE_NAME_MAX && host_name_valid(s, length) && s[length - 1] != '.' &&
	       memchr(s, '_', length) == NULL;
}

static bool parse_ipv4(struct endpoint *e)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(e->port)};
	if (inet_pton(AF_INET, e->host, &sin.sin_addr) != 1)
		return false;
	memcpy(&e->address, &sin, sizeof(sin));
	e->address_bytes = sizeof(sin);
	return true;
}

static bool parse_ipv6(struct endpoint *e)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};
	char address[HOST_BYTES_MAX];
	strcpy(address, e->host);
	char *scope = strchr(address, '%');
	if (scope != NULL) {
		*scope++ = '\0';
		sin6.sin6_scope_id = if_nametoindex(scope);
		if (sin6.sin6_scope_id == 0)
			return false;
	}
	if (inet_pton(AF_INET6, address, &sin6.sin6_addr) != 1)
		return false;
	memcpy(&e->address, &sin6, sizeof(sin6));
	e->address_bytes = sizeof(sin6);
	return true;
}

bool endpoint_parse(struct endpoint *e, const char *s, size_t length)
{
	struct endpoint result = {0};
	const char *host = s, *colon = NULL;
	size_t host_length;
	bool bracketed = length > 0 && s[0] == '[';
	uint64_t port;

	for (size_t i = length; i > 0 && colon == NULL; i--)
		if (s[i - 1] == ':')
			colon = s + i - 1;
	if (colon == NULL || !parse_number_n(colon + 1, (size_t)(s + length - colon - 1), 1, 65535, &port))
		return false;
	host_length = (size_t)(colon - s);
	if (bracketed) {
		if (host_length < 3 || s[host_length - 1] != ']')
			return false;
		host++;
		host_length -= 2;
	}
	if (host_length == 0 || host_length >= sizeof(result.host) || memchr(host, '\0', host_length) != NULL)
		return false;
	memcpy(result.host, host, host_length);
	result.port = (uint16_t)port;
	result.literal = bracketed ? parse_ipv6(&result) : parse_ipv4(&result);
	if (!result.literal && (bracketed || !host_name_valid(host, host_length)))
		return false;
	*e = result;
	return true;
}

bool service_name_parse(struct service_name *n, const char *s, size_t length)
{
	static const char scheme[] = "srv:";
	struct service_name result = {.relative = true};
	size_t labels = 0;
	if (length <= sizeof(scheme) - 1 || memcmp(s, scheme, sizeof(scheme) - 1) != 0)
		return false;
	s += sizeof(scheme) - 1;
	length -= sizeof(scheme) - 1;
	if (!host_name_valid(s, length))
		return false;
	if (s[length - 1] == '.')
		length--;
	memcpy(result.name, s, length);
	for (const char *label = result.name; label != NULL && *label != '\0'; labels++) {
		if (labels < 2 && (label[0] != '_' || label[1] == '.' || label[1] == '\0'))
			return false;
		label = strchr(label, '.');
		if (label != NULL)
			label++;
	}
	if (labels < 2)
		return false;
	result.relative = labels == 2;
	*n = result;
	return true;
}

enum { MAPPED_BITS = 96 };

static void map_ipv4(struct in6_addr *a, const void *ipv4)
{
	static const uint8_t start[12] = {[10] = 0xff, 0xff};
	memcpy(a->s6_addr, start, sizeof(start));
	memcpy(a->s6_addr + sizeof(start), ipv4, 4);
}

bool address_of(struct in6_addr *a, const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		map_ipv4(a, (const char *)sa + offsetof(struct sockaddr_in, sin_addr));
	else if (sa->sa_family == AF_INET6)
		memcpy(a, (const char *)sa + offsetof(struct sockaddr_in6, sin6_addr), sizeof(*a));
	return sa->sa_family == AF_INET || sa->sa_family == AF_INET6;
}

struct in6_addr client_network(const struct in6_addr *a)
{
	struct in6_addr network = *a;
	if (!IN6_IS_ADDR_V4MAPPED(a))
		memset(network.s6_addr + 8, 0, sizeof(network) - 8);
	return network;
}

void prefix_make(struct prefix *p, int family, const void *address, unsigned length)
{
	if (family == AF_INET) {
		map_ipv4(&p->address, address);
		length += MAPPED_BITS;
	} else {
		memcpy(&p->address, address, sizeof(p->address));
	}
	p->length = (uint8_t)length;
	for (unsigned bit = length; bit < 128; bit++)
		p->address.s6_addr[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

bool prefix_parse(struct prefix *p, const char *s, size_t length)
{
	char text[INET6_ADDRSTRLEN];
	const char *slash = memchr(s, '/', length);
	size_t address_length = slash != NULL ? (size_t)(slash - s) : length;
	struct in6_addr address;
	if (address_length >= sizeof(text) || memchr(s, '\0', address_length) != NULL)
		return false;
	memcpy(text, s, address_length);
	text[address_length] = '\0';
	int family = memchr(text, ':', address_length) != NULL ? AF_INET6 : AF_INET;
	uint64_t bits = ip_bits(family);
	if (inet_pton(family, text, &address) != 1)
		return false;
	if (slash != NULL && !parse_number_n(slash + 1, length - address_length - 1, 0, bits, &bits))
		return false;
	prefix_make(p, family, &address, (unsigned)bits);
	return true;
}

bool prefix_contains(const struct prefix *p, const struct in6_addr *a)
{
	unsigned bytes = p->length / 8, bits = p->length % 8;
	if (IN6_IS_ADDR_V4MAPPED(a) && p->length < MAPPED_BITS)
		return false;
	return memcmp(p->address.s6_addr, a->s6_addr, bytes) == 0 &&
	       (bits == 0 || (p->address.s6_addr[bytes] ^ a->s6_addr[bytes]) >> (8 - bits) == 0);
}

static void add_address(struct text *t, const struct sockaddr *sa, bool with_port)
{
	char address[INET6_ADDRSTRLEN] = "?";
	char scope[IF_NAMESIZE + 1] = "";
	bool brackets = false;
	uint16_t port = 0;

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in sin;
		memcpy(&sin, sa, sizeof(sin));
		inet_ntop(AF_INET, &sin.sin_addr, address, sizeof(address));
		port = ntohs(sin.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 sin6;
		memcpy(&sin6, sa, sizeof(sin6));
		brackets = !IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr);
		if (brackets)
			inet_ntop(AF_INET6, &sin6.sin6_addr, address, sizeof(address));
		else
			inet_ntop(AF_INET, &sin6.sin6_addr.s6_addr[12], address, sizeof(address));
		if (sin6.sin6_scope_id != 0 && if_indextoname(sin6.sin6_scope_id, scope + 1) != NULL)
			scope[0] = '%';
		port = ntohs(sin6.sin6_port);
	}
	if (!with_port)
		text_add(t, "%s%s", address, scope);
	else if (brackets)
		text_add(t, "[%s%s]:%u", address, scope, port);
	else
		text_add(t, "%s:%u", address, port);
}

void text_add_sockaddr(struct text *t, const struct sockaddr *sa)
{
	add_address(t, sa, true);
}

void text_add_address(struct text *t, const struct sockaddr *sa)
{
	add_address(t, sa, false);
}
