/* The setting `ip`: items separated by spaces: "NIC:ADDRESS/PREFIX[,GATEWAY]", "NIC:dhcp", "NIC:none" or
 * "dhcp". */
#ifndef THIMBLE_IP_SETTING_H
#define THIMBLE_IP_SETTING_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IP_SETTINGS_MAX = 16, VLAN_ID_MAX = 4094 };

enum ip_setting_kind {
	IP_AUTOMATIC, /* DHCP, SLAAC */
	IP_NONE,
	IP_STATIC,
};

struct ip_setting {
	enum ip_setting_kind kind;
	bool every_nic; /* "dhcp" by itself */
	bool by_mac;
	uint8_t mac[6];
	char ifname[IF_NAMESIZE]; /* with the VLAN's number: "eth0.5"; "" when by_mac or every_nic */
	uint16_t vlan;            /* 1 to 4094; 0: none */
	int family;               /* of what follows; IP_STATIC only */
	unsigned prefix_length;
	uint8_t address[16]; /* in network order, 4 or 16 bytes */
	bool has_gateway;
	uint8_t gateway[16];
};

/* Reads one item, LENGTH bytes. NULL; or why it is none, in words for an error, "" when its form is wrong. */
const char *ip_setting_parse(struct ip_setting *s, const char *item, size_t length);

/* Reads the name or the MAC of a NIC alone, LENGTH bytes. False: it is neither. */
bool ip_setting_parse_nic(struct ip_setting *s, const char *nic, size_t length);

/* Reads a whole value into LIST. *COUNT items and NULL; or why not: an item is none, there are more than
 * IP_SETTINGS_MAX, an address is there twice, a NIC is automatic or has none and has addresses, or has two
 * gateways of a family. */
const char *ip_settings_read(
	struct ip_setting list[static IP_SETTINGS_MAX], size_t *count, const char *value);

/* Whether A and B name the same NIC in the same way. */
bool ip_setting_same_nic(const struct ip_setting *a, const struct ip_setting *b);

#endif
