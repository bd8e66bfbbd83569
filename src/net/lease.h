/* What dhcpcd has learned on one NIC: the leases of DHCPv4 and DHCPv6, and router advertisements. */
#ifndef THIMBLE_NET_LEASE_H
#define THIMBLE_NET_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net_text.h"
#include "common/ip.h"
#include "event.h"

#define FOREVER INT64_MAX

enum {
	LEASE_SERVERS_MAX = 8,
	LEASE_DOMAINS_MAX = 8,
	LEASE_ADDRESSES_MAX = 16,
	RA_ROUTERS_MAX = 16,
	RA_ADDRESSES_MAX = 32,
	RA_ENTRIES_MAX = 24,
	LEASE_MTU_MIN = 576, /* what each host can take anyway (RFC 791 3.1) */
};

/* The last word of a protocol's client; docs/records.md. */
enum client_word {
	WORD_NONE,
	WORD_DISCOVER,
	WORD_BOUND,
	WORD_RENEW,
	WORD_REBIND,
	WORD_INFORM,
	WORD_EXPIRED,
	WORD_NAK,
	WORD_RECEIVED,
	WORD_OFF,
	WORD_COUNT
};

extern const char *const client_words[WORD_COUNT];

struct ip_list {
	unsigned count;
	struct ip ip[LEASE_SERVERS_MAX];
};

struct domain_list {
	unsigned count;
	char name[LEASE_DOMAINS_MAX][HOST_BYTES_MAX];
};

struct lease {
	enum client_word word;
	bool held;                 /* what follows is in force until expires_ms */
	int64_t expires_ms;        /* CLOCK_MONOTONIC, or FOREVER */
	uint32_t lease_s, renew_s; /* as given; UINT32_MAX: infinite. renew_s 0: not known */
	struct ip server;          /* DHCPv4 only */
	unsigned address_count;
	struct ip address[LEASE_ADDRESSES_MAX];
	struct ip_list dns, ntp, log;
	struct domain_list search;
	char host_name[HOST_BYTES_MAX]; /* as it came, without a dot at its end: init judges it */
	uint32_t mtu;                   /* DHCPv4 only, option 26; 0: none that can be used */
	unsigned left_out;              /* servers and domains that were too many or not of their form */
};

/* One RDNSS server or DNSSL domain (RFC 8106) of one router. */
struct ra_entry {
	struct ip router;
	struct ip server; /* of no family when this is a domain */
	char domain[HOST_BYTES_MAX];
	int64_t expires_ms;
};

struct ra {
	enum client_word word;
	bool asks_dhcp6; /* the M or O flag of a router (RFC 4861 4.2) */
	unsigned address_count;
	struct ip address[RA_ADDRESSES_MAX]; /* that dhcpcd made of prefixes (RFC 4862) */
	unsigned entry_count;
	struct ra_entry entry[RA_ENTRIES_MAX];
	unsigned left_out;
};

struct leases {
	struct lease dhcp4, dhcp6;
	struct ra ra;
};

/* Takes over what E says at NOW_MS. Unknown events change nothing. */
void leases_apply(struct leases *l, const struct event *e, int64_t now_ms);

/* Forgets what has run out: leases that ended after dhcpcd did, RDNSS and DNSSL entries. */
void leases_expire(struct leases *l, int64_t now_ms);

#endif
