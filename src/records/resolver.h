/* The record net/resolver. */
#ifndef RECORDS_RESOLVER_H
#define RECORDS_RESOLVER_H

#include "fields.h"

enum { SERVERS_MAX = 6 };

/* clang-format off */
#define RESOLVER_KEYS(TEXT, NUMBER, LIST, KEY) \
	LIST(server, \
		"`ADDRESS ORIGIN IFNAME EXPIRES`: ORIGIN `dhcp4`, `dhcp6`, `ra`; when the " \
		"setting `dns` is set its servers only, as `ADDRESS static - forever`") \
	LIST(search, \
		"`DOMAIN ORIGIN IFNAME EXPIRES`; when the setting `search` is set its domains " \
		"only, as `DOMAIN static - forever`") \
	TEXT(trust, 64, 1, \
		"the NICs that the setting `trust` trusts, or `none`; left out when it trusts all") \
	TEXT(host_name, 256, 0, \
		"as DHCP gave it, without a dot at its end; not checked here: init checks it") \
	LIST(ntp, \
		"as DHCP gave them, a link-local address with its NIC: `fe80::1%eth0`; `clock` " \
		"asks them when the setting `ntp` names none") \
	LIST(log_server, \
		"as DHCP gave them; `log` sends to them when the setting `syslog` is empty") \
	NUMBER(left_out, 0, 0, \
		"servers and domains that were refused (no usable address, no host name) or did" \
		" not fit (8 of each; the search line of resolv.conf 255 bytes), 0 when none")
/* clang-format on */

struct server_record {
	char address[52], origin[16], ifname[20];
};

struct resolver_told RECORD_TOLD(RESOLVER_KEYS);

struct resolver_record {
	enum record_status status;
	RECORD_MEMBERS(RESOLVER_KEYS)
	struct server_record servers[SERVERS_MAX];
	unsigned server_count; /* in all */
	char search[160];
};

void resolver_record_read(struct resolver_record *s, const struct record_view *v, enum record_status status);
void resolver_record_write(struct record *r, const struct resolver_told *told);
extern const struct record_field resolver_fields[];

#endif
