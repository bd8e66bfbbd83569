/* An IPv4 or IPv6 address as bytes. */
#ifndef THIMBLE_IP_H
#define THIMBLE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct ip {
	uint8_t family;    /* AF_INET, AF_INET6; AF_UNSPEC for none */
	uint8_t bytes[16]; /* network order; IPv4 in the first 4, the rest 0 */
};

/* The bits of an address of FAMILY: what a prefix can have at most. */
static inline unsigned ip_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* The address in the LENGTH bytes at S, all of them used. A scope ("fe80::1%eth0") is allowed and dropped:
 * the interface is known from where the text came. False for anything else. */
bool ip_parse(struct ip *ip, const char *s, size_t length);

/* LENGTH must be what FAMILY has: 4 or 16. */
bool ip_from_bytes(struct ip *ip, int family, const void *bytes, size_t length);

bool ip_equal(const struct ip *a, const struct ip *b);

/* 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291 2.5.6). */
bool ip_is_link_local(const struct ip *ip);

/* Whether a host can be reached by it: neither unspecified, multicast, broadcast nor, for IPv6, mapped
 * IPv4. Loopback is usable: a resolver may run in the guest. */
bool ip_is_usable(const struct ip *ip);

void text_add_ip(struct text *t, const struct ip *ip);

#endif
