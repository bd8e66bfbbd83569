/* The record net/IFNAME. */
#ifndef RECORDS_NIC_H
#define RECORDS_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

enum { ADDRESSES_MAX = 16, GATEWAYS_MAX = 4 };

/* clang-format off */
#define NIC_KEYS(TEXT, NUMBER, KEY) \
	KEY("ifname", "the name that the kernel has for it") \
	KEY("ifindex", "its number in the kernel") \
	TEXT(mac, 24, "its MAC address") \
	KEY("mtu", "its MTU") \
	TEXT(driver, 24, "`virtio_net`, `e1000`, ...") \
	TEXT(link, 12, "`up` (carrier), `down`") \
	TEXT(dhcp4, 16, \
		"`none`, `discover`, `bound`, `inform`, `renew`, `rebind`, `expired`, `nak`: " \
		"the last word of the DHCPv4 client; `none` while the link is down; `off` when " \
		"the setting `ip` keeps it from asking") \
	KEY("dhcp4_mtu", "the MTU that the lease says, 576 to 65535") \
	TEXT(dhcp4_server, 48, "address of the server of the lease") \
	KEY("dhcp4_lease_s", "length of the lease") \
	KEY("dhcp4_expires_ms", \
		"when the lease ends; `forever`, and no other of its times, when it does not") \
	NUMBER(dhcp4_renew_ms, -1, "when the lease is to be renewed") \
	TEXT(dhcp6, 16, "as `dhcp4`") \
	TEXT(ra, 16, "`none`, `received`, `expired`, `off`") \
	KEY("address.N", \
		"`ADDRESS/PREFIX ORIGIN EXPIRES [FLAGS]`: ORIGIN `dhcp`, `slaac`, `static`, " \
		"`link-local`; EXPIRES a time in ms or `forever`; FLAGS a comma list of " \
		"`tentative`, `deprecated`, `dadfailed`. IPv4 first, then global IPv6, then " \
		"link-local") \
	KEY("gateway.N", \
		"`ADDRESS ORIGIN METRIC`: default routes through this NIC, ORIGIN `dhcp`, `ra`," \
		" `static`") \
	NUMBER(no_address_since_ms, -1, "when the link is up and no address can be used: since when") \
	KEY("addresses_left_out", "how many the list of 16 addresses does not hold") \
	KEY("gateways_left_out", "how many the list of 8 gateways does not hold")
/* clang-format on */

struct nic_address {
	char address[52], origin[16], flags[40];
	int64_t expires_ms;
};

struct nic_gateway {
	char address[48], origin[16];
};

struct nic_record {
	enum record_status status;
	char ifname[20];
	RECORD_MEMBERS(NIC_KEYS)
	bool up;
	struct nic_address addresses[ADDRESSES_MAX];
	unsigned address_count; /* in all */
	struct nic_gateway gateways[GATEWAYS_MAX];
	unsigned gateway_count; /* in all */
};

/* VALUE of a key address.N: "ADDRESS/PREFIX ORIGIN EXPIRES [FLAGS]". False: it has another form, and A what
 * can be shown of it. */
bool nic_address_parse(struct nic_address *a, const char *value);

void nic_record_read(
	struct nic_record *s, const char *ifname, const struct record_view *v, enum record_status status);

/* Whether A is this machine's now: not tentative, failed or run out. */
bool nic_address_held(const struct nic_address *a, int64_t now_ms);

/* Whether peers beyond the link can reach it: held, and not link-local. */
bool nic_address_usable(const struct nic_address *a, int64_t now_ms);

bool nic_usable(const struct nic_record *n, int64_t now_ms);

/* Whether the setting `ip` gives it nothing that it could wait for. */
bool nic_is_off(const struct nic_record *n);

#endif
