#include "ip.h"

#include <arpa/inet.h>
#include <string.h>

static size_t ip_bytes(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

bool ip_from_bytes(struct ip *ip, int family, const void *bytes, size_t length)
{
	if (length == 0 || length != ip_bytes(family))
		return false;
	*ip = (struct ip){.family = (uint8_t)family};
	memcpy(ip->bytes, bytes, length);
	return true;
}

bool ip_parse(struct ip *ip, const char *s, size_t length)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	const char *scope = memchr(s, '%', length);
	int family = memchr(s, ':', length) != NULL ? AF_INET6 : AF_INET;

	if (scope != NULL && family == AF_INET6)
		length = (size_t)(scope - s);
	if (length >= sizeof(text) || memchr(s, '\0', length) != NULL)
		return false;
	memcpy(text, s, length);
	text[length] = '\0';
	return inet_pton(family, text, bytes) == 1 && ip_from_bytes(ip, family, bytes, ip_bytes(family));
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip_is_link_local(const struct ip *ip)
{
	if (ip->family == AF_INET)
		return ip->bytes[0] == 169 && ip->bytes[1] == 254;
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool ip_is_usable(const struct ip *ip)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const struct ip none6 = {.family = AF_INET6};

	if (ip->family == AF_INET)
		return ip->bytes[0] != 0 && ip->bytes[0] < 224;
	return ip->family == AF_INET6 && ip->bytes[0] != 0xff && !ip_equal(ip, &none6) &&
	       memcmp(ip->bytes, mapped, sizeof(mapped)) != 0;
}

void text_add_ip(struct text *t, const struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];
	text_add(t, "%s", inet_ntop(ip->family, ip->bytes, text, sizeof(text)) != NULL ? text : "?");
}
