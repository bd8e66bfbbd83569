/* The record net/IFNAME. */
#ifndef RECORDS_NIC_H
#define RECORDS_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

enum {
	NICS_MAX = 32, /* that have records: net takes no more */
	ADDRESSES_MAX = 16,
	GATEWAYS_MAX = 4,
};

/* clang-format off */
#define ADDRESS_ORIGINS(X) \
	X(ORIGIN_DHCP, "dhcp", "") \
	X(ORIGIN_SLAAC, "slaac", "") \
	X(ORIGIN_STATIC, "static", "") \
	X(ORIGIN_LINK_LOCAL, "link-local", "")
/* clang-format on */

enum origin { ADDRESS_ORIGINS(WORD_ID) ORIGIN_RA /* of gateways only */, ORIGIN_COUNT };
extern const char *const origin_words[ORIGIN_COUNT];

/* clang-format off */
#define NIC_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(ifname, 20, 0, "the name that the kernel has for it") \
	NUMBER(ifindex, -1, 0, "its number in the kernel") \
	TEXT(mac, 24, 1, "its MAC address") \
	NUMBER(mtu, -1, 0, "its MTU") \
	TEXT(driver, 24, 1, "`virtio_net`, `e1000`, ...") \
	TEXT(link, 12, 1, "`up` (carrier), `down`") \
	TEXT(dhcp4, 16, 1, \
		"`none`, `discover`, `bound`, `inform`, `renew`, `rebind`, `expired`, `nak`: " \
		"the last event of the DHCPv4 client; `none` while the link is down; `off` when the setting " \
		"`ip` switches it off") \
	NUMBER(dhcp4_mtu, -1, 0, "the lease's MTU, 576 to 65535") \
	TEXT(dhcp4_server, 48, 1, "address of the server of the lease") \
	NUMBER(dhcp4_lease_s, -1, 0, "length of the lease") \
	TEXT(dhcp4_expires_ms, 24, 0, \
		"when the lease ends; `forever`, and no other of its times, when it does not") \
	NUMBER(dhcp4_renew_ms, -1, 1, "when the lease will be renewed") \
	TEXT(dhcp6, 16, 1, "as `dhcp4`") \
	TEXT(ra, 16, 1, "`none`, `received`, `expired`, `off`") \
	LIST(address, \
		"`ADDRESS/PREFIX ORIGIN EXPIRES [FLAGS]`: ORIGIN " WORDS(ADDRESS_ORIGINS) \
		"; EXPIRES a time in ms or `forever`; FLAGS a comma list of `tentative`, " \
		"`deprecated`, `dadfailed`. IPv4 first, then global IPv6, then link-local") \
	NUMBER(addresses_left_out, 0, 0, "how many the list of 16 addresses does not hold") \
	LIST(gateway, \
		"`ADDRESS ORIGIN METRIC`: default routes through this NIC, ORIGIN `dhcp`, `ra`," \
		" `static`") \
	NUMBER(gateways_left_out, 0, 0, "how many the list of 8 gateways does not hold") \
	NUMBER(no_address_since_ms, -1, 0, "when the link is up and no address can be used: since when")

#define NIC_METRICS(X)
/* clang-format on */

struct nic_address {
	char address[52], origin[16], flags[40];
	int64_t expires_ms;
};

struct nic_gateway {
	char address[48], origin[16];
};

struct nic_told RECORD_TOLD(NIC_KEYS);

struct nic_record {
	enum record_status status;
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
void nic_record_write(struct record *r, const struct nic_told *told);
extern const struct record_field nic_fields[];

/* Whether A is this machine's now: not tentative, failed or run out. */
bool nic_address_held(const struct nic_address *a, int64_t now_ms);

/* Whether peers beyond the link can reach it: held, and not link-local. */
bool nic_address_usable(const struct nic_address *a, int64_t now_ms);

bool nic_usable(const struct nic_record *n, int64_t now_ms);

/* Whether the setting `ip` gives it nothing that it could wait for. */
bool nic_is_off(const struct nic_record *n);

#endif
