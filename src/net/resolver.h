/* The servers and search domains in force, put together from all NICs. */
#ifndef THIMBLE_NET_RESOLVER_H
#define THIMBLE_NET_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ip_setting.h"
#include "common/text.h"
#include "nic.h"

enum { RESOLVER_SERVERS_MAX = 8, RESOLVER_DOMAINS_MAX = 8 };

enum resolver_origin { FROM_LEASE4, FROM_LEASE6, FROM_ADVERTISEMENT, FROM_SETTING, RESOLVER_ORIGIN_COUNT };

extern const char *const resolver_origin_words[RESOLVER_ORIGIN_COUNT];

struct resolver_server {
	struct ip ip;
	enum resolver_origin origin;
	const struct nic *nic; /* NULL: of no NIC */
	int64_t expires_ms;
};

struct resolver_domain {
	const char *name; /* within the NIC's leases, or the setting's list */
	enum resolver_origin origin;
	const struct nic *nic; /* NULL: of no NIC */
	int64_t expires_ms;
};

enum { TRUSTED_MAX = 8 };
enum trust { TRUST_ALL, TRUST_SINGLE, TRUST_LISTED };

/* What the settings `dns`, `search` and `trust` say. */
struct resolver_settings {
	struct ip_list dns;
	struct domain_list search;
	enum trust trust;
	struct ip_setting trusted[TRUSTED_MAX];
	unsigned trusted_count;
};

struct resolver {
	unsigned server_count, domain_count, ntp_count, log_count;
	struct resolver_server server[RESOLVER_SERVERS_MAX];
	struct resolver_domain domain[RESOLVER_DOMAINS_MAX];
	struct resolver_server ntp[RESOLVER_SERVERS_MAX];
	struct resolver_server log[RESOLVER_SERVERS_MAX];
	bool dns_is_set, search_is_set; /* by the settings: no others count */
	const char *host_name;          /* NULL: none was given */
	bool trusts_all;
	unsigned trusted_count;
	const struct nic *trusted[NICS_MAX]; /* whose words are taken; when all are, not filled */
	unsigned left_out;                   /* servers and domains that are not in the lists */
	int64_t next_expiry_ms;              /* when something runs out by time alone, or FOREVER */
};

/* Fills R with what is in force (after leases_expire): trusted NICs with a carrier, the one with the best
 * default route first, then by ifindex; of each NIC DHCPv4, DHCPv6, then router advertisements. When SETTINGS
 * has any servers or domains, they are the only ones. R points into NICS and SETTINGS. */
void resolver_build(struct resolver *r, const struct nics *nics, const struct resolver_settings *settings);

/* Read the values of the settings. */
void resolver_read_trust(struct resolver_settings *settings, const char *value);
void resolver_read_dns(struct ip_list *dns, const char *value);
void resolver_read_search(struct domain_list *search, const char *value);

/* The server's address; a link-local one with its scope: "fe80::1%eth0". */
void text_add_server(struct text *t, const struct resolver_server *server);

/* resolv.conf(5) as musl reads it: lines of at most 255 bytes, so the search line takes the domains that
 * fit. Returns how many did not. */
unsigned resolver_write_conf(const struct resolver *r, struct text *t);

#endif
