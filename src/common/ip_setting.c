#include "common/ip_setting.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/net_text.h"
#include "common/text.h"

enum { MAC_TEXT_BYTES = 17 };

static const char bad_form[] = "";

/* "52:54:00:12:34:56" and a colon behind it. */
static bool parse_mac(struct ip_setting *s, const char *item, size_t length)
{
	if (length <= MAC_TEXT_BYTES || item[MAC_TEXT_BYTES] != ':')
		return false;
	for (size_t i = 0; i < sizeof(s->mac); i++, item += 3) {
		int high = hex_digit(item[0]), low = hex_digit(item[1]);
		if (high < 0 || low < 0 || item[2] != ':')
			return false;
		s->mac[i] = (uint8_t)(high << 4 | low);
	}
	s->by_mac = true;
	return true;
}

/* A name as the kernel takes it (net/core/dev.c, dev_valid_name()), of characters that need no quotes
 * anywhere. */
static const char *parse_ifname(struct ip_setting *s, const char *name, size_t length)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *dot = memchr(name, '.', length);
	size_t stem = dot != NULL ? (size_t)(dot - name) : length;
	uint64_t vlan = 0;
	if (length == 0 || length >= sizeof(s->ifname))
		return "a NIC's name has 1 to 15 characters";
	for (size_t i = 0; i < stem; i++)
		if (memchr(good, name[i], sizeof(good) - 1) == NULL)
			return "a NIC's name has letters, digits, - and _";
	if (stem == 0)
		return "a NIC's name has 1 to 15 characters";
	if (dot != NULL && !parse_number_n(dot + 1, length - stem - 1, 1, VLAN_ID_MAX, &vlan))
		return "a VLAN's number is from 1 to 4094";
	if (dot != NULL && dot[1] == '0')
		return "a VLAN's number begins with no 0";
	memcpy(s->ifname, name, length);
	s->vlan = (uint16_t)vlan;
	return NULL;
}

static size_t address_bytes(int family)
{
	return family == AF_INET ? 4 : 16;
}

static bool parse_ip(uint8_t *address, int *family, const char *bytes, size_t length)
{
	char text[INET6_ADDRSTRLEN];
	if (length >= sizeof(text) || memchr(bytes, '\0', length) != NULL)
		return false;
	memcpy(text, bytes, length);
	text[length] = '\0';
	*family = memchr(text, ':', length) != NULL ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, address) == 1;
}

static bool is_multicast(int family, const uint8_t *a)
{
	return family == AF_INET ? a[0] >= 224 : a[0] == 0xff;
}

static bool is_loopback_or_none(int family, const uint8_t *a)
{
	static const uint8_t zero[16];
	if (family == AF_INET)
		return a[0] == 127 || a[0] == 0;
	return memcmp(a, zero, 15) == 0 && a[15] <= 1;
}

static bool is_link_local(int family, const uint8_t *a)
{
	return family == AF_INET6 && a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

/* Whether all bits behind the prefix are BIT. */
static bool host_bits_are(const struct ip_setting *s, unsigned bit)
{
	for (unsigned i = s->prefix_length; i < address_bytes(s->family) * 8; i++)
		if ((s->address[i / 8] >> (7 - i % 8) & 1) != bit)
			return false;
	return true;
}

static bool same_network(const struct ip_setting *s, const uint8_t *other)
{
	for (unsigned i = 0; i < s->prefix_length; i++)
		if ((s->address[i / 8] ^ other[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static const char *check_address(const struct ip_setting *s)
{
	if (is_multicast(s->family, s->address) || is_loopback_or_none(s->family, s->address))
		return "no address that a NIC can have";
	if (s->family == AF_INET && s->prefix_length < 31 && host_bits_are(s, 0))
		return "the address is its network's own";
	if (s->family == AF_INET && s->prefix_length < 31 && host_bits_are(s, 1))
		return "the address is its network's broadcast address";
	return NULL;
}

/* A machine that is given one address, and a gateway somewhere else on the link, as hosts of servers do. */
static bool is_of_one_host(const struct ip_setting *s)
{
	return s->prefix_length >= address_bytes(s->family) * 8 - 1;
}

static const char *check_gateway(const struct ip_setting *s, int family)
{
	if (family != s->family)
		return "address and gateway are of two families";
	if (is_multicast(family, s->gateway) || is_loopback_or_none(family, s->gateway))
		return "no address that a gateway can have";
	if (memcmp(s->gateway, s->address, address_bytes(family)) == 0)
		return "the gateway is the NIC itself";
	if (!is_of_one_host(s) && !same_network(s, s->gateway) && !is_link_local(family, s->gateway))
		return "the gateway is not in the address's network";
	return NULL;
}

static const char *parse_static(struct ip_setting *s, const char *item, size_t length)
{
	const char *comma = memchr(item, ',', length);
	size_t own = comma != NULL ? (size_t)(comma - item) : length;
	const char *slash = memchr(item, '/', own), *why;
	uint64_t bits;
	int family;
	s->kind = IP_STATIC;
	if (slash == NULL)
		return "no /PREFIX";
	if (!parse_ip(s->address, &s->family, item, (size_t)(slash - item)))
		return bad_form;
	if (!parse_number_n(
		    slash + 1, own - (size_t)(slash - item) - 1, 1, address_bytes(s->family) * 8, &bits))
		return s->family == AF_INET ? "a prefix is from 1 to 32" : "a prefix is from 1 to 128";
	s->prefix_length = (unsigned)bits;
	why = check_address(s);
	if (why != NULL || comma == NULL)
		return why;
	s->has_gateway = true;
	if (!parse_ip(s->gateway, &family, comma + 1, length - own - 1))
		return "no address behind the comma";
	return check_gateway(s, family);
}

static bool is_word(const char *word, const char *bytes, size_t length)
{
	return strlen(word) == length && memcmp(word, bytes, length) == 0;
}

const char *ip_setting_parse(struct ip_setting *s, const char *item, size_t length)
{
	const char *rest;
	memset(s, 0, sizeof(*s));
	if (is_word("dhcp", item, length)) {
		s->every_nic = true;
		return NULL;
	}
	if (parse_mac(s, item, length)) {
		rest = item + MAC_TEXT_BYTES + 1;
	} else {
		const char *colon = memchr(item, ':', length);
		memset(s->mac, 0, sizeof(s->mac)); /* a name may begin like one: ab:192.0.2.5/24 */
		if (colon == NULL)
			return bad_form;
		const char *why = parse_ifname(s, item, (size_t)(colon - item));
		if (why != NULL)
			return why;
		rest = colon + 1;
	}
	length -= (size_t)(rest - item);
	if (is_word("dhcp", rest, length))
		return NULL;
	if (is_word("none", rest, length)) {
		s->kind = IP_NONE;
		return NULL;
	}
	return parse_static(s, rest, length);
}

bool ip_setting_parse_nic(struct ip_setting *s, const char *nic, size_t length)
{
	char item[MAC_TEXT_BYTES + sizeof(":dhcp")];
	struct text t = TEXT(item);
	if (length > MAC_TEXT_BYTES || memchr(nic, '\0', length) != NULL)
		return false;
	text_add(&t, "%.*s:dhcp", (int)length, nic);
	return ip_setting_parse(s, item, t.used) == NULL;
}

bool ip_setting_same_nic(const struct ip_setting *a, const struct ip_setting *b)
{
	return a->every_nic == b->every_nic && a->by_mac == b->by_mac &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && strcmp(a->ifname, b->ifname) == 0;
}

static const char *check_pair(const struct ip_setting *a, const struct ip_setting *b)
{
	bool both_static = a->kind == IP_STATIC && b->kind == IP_STATIC && a->family == b->family;
	if (both_static && memcmp(a->address, b->address, address_bytes(a->family)) == 0)
		return "the same address twice";
	if (!ip_setting_same_nic(a, b))
		return NULL;
	if (both_static && a->has_gateway && b->has_gateway &&
		memcmp(a->gateway, b->gateway, address_bytes(a->family)) != 0)
		return "two gateways for one NIC";
	if ((a->kind == IP_NONE) != (b->kind == IP_NONE))
		return "a NIC with none and with an address";
	return NULL;
}

const char *ip_settings_read(struct ip_setting list[static IP_SETTINGS_MAX], size_t *count, const char *value)
{
	*count = 0;
	for (;;) {
		const char *why;
		value += strspn(value, " \t");
		size_t length = strcspn(value, " \t");
		if (length == 0)
			return NULL;
		if (*count == IP_SETTINGS_MAX)
			return "more than 16 items";
		struct ip_setting *s = &list[*count];
		if ((why = ip_setting_parse(s, value, length)) != NULL)
			return why;
		for (size_t i = 0; i < *count; i++)
			if ((why = check_pair(&list[i], s)) != NULL)
				return why;
		++*count;
		value += length;
	}
}
