/* The record net/IFNAME. */
#ifndef RECORDS_NIC_H
#define RECORDS_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

enum { ADDRESSES_MAX = 16, GATEWAYS_MAX = 4 };

struct nic_address {
	char address[52], origin[16], flags[40];
	int64_t expires_ms;
};

struct nic_gateway {
	char address[48], origin[16];
};

struct nic_record {
	enum record_status status;
	char ifname[20], mac[24], driver[24], link[12];
	char dhcp4[16], dhcp6[16], ra[16], dhcp4_server[48];
	bool up;
	long long dhcp4_renew_ms; /* -1: not told */
	struct nic_address addresses[ADDRESSES_MAX];
	unsigned address_count; /* in all */
	struct nic_gateway gateways[GATEWAYS_MAX];
	unsigned gateway_count;      /* in all */
	int64_t no_address_since_ms; /* -1: not told */
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
