#include "common/net_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <string.h>

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

static void add(struct text *t, const struct sockaddr *sa, bool with_port)
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
	add(t, sa, true);
}

void text_add_address(struct text *t, const struct sockaddr *sa)
{
	add(t, sa, false);
}
