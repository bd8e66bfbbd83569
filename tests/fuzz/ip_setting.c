/* The setting `ip` from any bytes: an item that is taken says each thing once, and written and read again it
 * is the same; a value is its items.
 *
 * An input is one value. */
#include "common/ip_setting.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "common/ip.h"
#include "common/text.h"
#include "fuzz.h"

enum { ITEM_BYTES = 160 };

static void add_address(struct text *t, int family, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];
	must(inet_ntop(family, address, text, sizeof(text)) != NULL);
	text_add(t, "%s", text);
}

static void write_item(struct text *t, const struct ip_setting *s)
{
	text_clear(t);
	for (size_t i = 0; s->by_mac && i < sizeof(s->mac); i++)
		text_add(t, "%02x:", s->mac[i]);
	if (s->ifname[0] != '\0')
		text_add(t, "%s:", s->ifname);
	if (s->kind != IP_STATIC) {
		text_add(t, "%s", s->kind == IP_NONE ? "none" : "dhcp");
		return;
	}
	add_address(t, s->family, s->address);
	text_add(t, "/%u", s->prefix_length);
	if (s->has_gateway) {
		text_add(t, ",");
		add_address(t, s->family, s->gateway);
	}
}

/* "52" with the address 54:ff:2b:cd:ef:20:0:5 reads like a MAC: no address that anybody has, so no form is
 * kept for it. */
static bool may_read_like_a_mac(const struct ip_setting *s)
{
	const char *name = s->ifname;
	return s->family == AF_INET6 && strlen(name) == 2 && hex_digit(name[0]) >= 0 &&
	       hex_digit(name[1]) >= 0;
}

static void check_item(const struct ip_setting *s)
{
	char bytes[ITEM_BYTES];
	struct text t = TEXT(bytes);
	struct ip_setting again;
	const char *dot = strchr(s->ifname, '.');

	must(s->every_nic + s->by_mac + (s->ifname[0] != '\0') == 1);
	must(strlen(s->ifname) < sizeof(s->ifname) && is_printable(s->ifname));
	must(s->vlan <= VLAN_ID_MAX && (s->vlan != 0) == (dot != NULL));
	must(dot == NULL || (unsigned long)s->vlan == strtoul(dot + 1, NULL, 10));
	if (s->kind == IP_STATIC) {
		must(!s->every_nic && (s->family == AF_INET || s->family == AF_INET6));
		must(s->prefix_length >= 1 && s->prefix_length <= ip_bits(s->family));
	} else {
		must(!s->has_gateway);
	}
	write_item(&t, s);
	must(!t.overflow);
	if (may_read_like_a_mac(s))
		return;
	must(ip_setting_parse(&again, bytes, t.used) == NULL);
	must(memcmp(&again, s, sizeof(again)) == 0);
	must(ip_setting_same_nic(&again, s) && ip_setting_same_nic(s, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ip_setting list[IP_SETTINGS_MAX];
	struct ip_setting item;
	size_t count;
	char *exact = copy_of(data, size, false), *value = copy_of(data, size, true);

	const char *why = ip_setting_parse(&item, exact, size);
	must(why == NULL || is_printable(why));
	if (why == NULL)
		check_item(&item);
	why = ip_settings_read(list, &count, value);
	must(count <= IP_SETTINGS_MAX && (why == NULL || is_printable(why)));
	for (size_t i = 0; why == NULL && i < count; i++)
		check_item(&list[i]);
	free(exact);
	free(value);
	return 0;
}
