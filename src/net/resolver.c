#include "resolver.h"

#include <string.h>
#include <strings.h>

#include "common/config.h"

/* musl 1.2.5 src/network/resolvconf.c: char line[256], search[256]. */
enum { CONF_LINE_MAX = 255 };

const char *const resolver_origin_words[RESOLVER_ORIGIN_COUNT] = {
	[FROM_LEASE4] = "dhcp4",
	[FROM_LEASE6] = "dhcp6",
	[FROM_ADVERTISEMENT] = "ra",
	[FROM_SETTING] = "static",
};

/* Where an entry comes from, handed down while the lists are filled. */
struct provenance {
	const struct nic *nic;
	enum resolver_origin origin;
	int64_t expires_ms;
};

/* Adds it to LIST, or lets it last as long as the longest word of it. */
static void add_server(struct resolver *r, struct resolver_server list[static RESOLVER_SERVERS_MAX],
	unsigned *count, const struct ip *ip, const struct provenance *p)
{
	for (unsigned i = 0; i < *count; i++) {
		struct resolver_server *known = &list[i];
		if (!ip_equal(&known->ip, ip) || (ip_is_link_local(ip) && known->nic != p->nic))
			continue;
		if (known->expires_ms < p->expires_ms)
			known->expires_ms = p->expires_ms;
		return;
	}
	if (*count == RESOLVER_SERVERS_MAX) {
		r->left_out++;
		return;
	}
	list[(*count)++] = (struct resolver_server){
		.ip = *ip,
		.origin = p->origin,
		.nic = p->nic,
		.expires_ms = p->expires_ms,
	};
}

static void add_domain(struct resolver *r, const char *name, const struct provenance *p)
{
	for (unsigned i = 0; i < r->domain_count; i++) {
		struct resolver_domain *known = &r->domain[i];
		if (strcasecmp(known->name, name) != 0)
			continue;
		if (known->expires_ms < p->expires_ms)
			known->expires_ms = p->expires_ms;
		return;
	}
	if (r->domain_count == RESOLVER_DOMAINS_MAX) {
		r->left_out++;
		return;
	}
	r->domain[r->domain_count++] = (struct resolver_domain){
		.name = name,
		.origin = p->origin,
		.nic = p->nic,
		.expires_ms = p->expires_ms,
	};
}

static void note_expiry(struct resolver *r, int64_t expires_ms)
{
	if (expires_ms < r->next_expiry_ms)
		r->next_expiry_ms = expires_ms;
}

static void add_lease(
	struct resolver *r, const struct nic *nic, const struct lease *lease, enum resolver_origin origin)
{
	struct provenance p = {.nic = nic, .origin = origin, .expires_ms = lease->expires_ms};

	if (lease->held)
		note_expiry(r, lease->expires_ms);
	if (!nic_lease_in_force(nic, lease))
		return;
	for (unsigned i = 0; i < lease->dns.count && !r->dns_is_set; i++)
		add_server(r, r->server, &r->server_count, &lease->dns.ip[i], &p);
	for (unsigned i = 0; i < lease->search.count && !r->search_is_set; i++)
		add_domain(r, lease->search.name[i], &p);
	for (unsigned i = 0; i < lease->ntp.count; i++)
		add_server(r, r->ntp, &r->ntp_count, &lease->ntp.ip[i], &p);
	for (unsigned i = 0; i < lease->log.count; i++)
		add_server(r, r->log, &r->log_count, &lease->log.ip[i], &p);
	if (r->host_name == NULL && lease->host_name[0] != '\0')
		r->host_name = lease->host_name;
	r->left_out += lease->left_out;
}

static void add_advertisements(struct resolver *r, const struct nic *nic)
{
	const struct ra *ra = &nic->leases.ra;
	for (unsigned i = 0; i < ra->entry_count; i++) {
		const struct ra_entry *entry = &ra->entry[i];
		struct provenance p = {
			.nic = nic, .origin = FROM_ADVERTISEMENT, .expires_ms = entry->expires_ms};
		note_expiry(r, entry->expires_ms);
		if (entry->server.family == AF_UNSPEC) {
			if (!r->search_is_set)
				add_domain(r, entry->domain, &p);
		} else if (!r->dns_is_set) {
			add_server(r, r->server, &r->server_count, &entry->server, &p);
		}
	}
	r->left_out += ra->left_out;
}

static uint32_t best_metric(const struct nic *nic)
{
	uint32_t best = UINT32_MAX;
	for (unsigned i = 0; i < nic->gateways.count; i++)
		if (nic->gateways.entry[i].metric < best)
			best = nic->gateways.entry[i].metric;
	return best;
}

/* The NICs in the order in which their servers are asked. Returns how many. */
static unsigned order_nics(const struct nics *nics, const struct nic *ordered[static NICS_MAX])
{
	unsigned count = 0;
	for (const struct nic *nic = nics->first; nic != NULL && count < NICS_MAX; nic = nic->next) {
		unsigned to = count++;
		for (; to > 0 && best_metric(ordered[to - 1]) > best_metric(nic); to--)
			ordered[to] = ordered[to - 1];
		ordered[to] = nic;
	}
	return count;
}

static bool is_listed(const struct resolver_settings *s, const struct nic *nic)
{
	for (unsigned i = 0; i < s->trusted_count; i++) {
		const struct ip_setting *t = &s->trusted[i];
		if (t->by_mac ? nic->has_mac && memcmp(t->mac, nic->mac, sizeof(t->mac)) == 0
			      : strcmp(t->ifname, nic->ifname) == 0)
			return true;
	}
	return false;
}

/* Whether the setting `ip` switches off everything automatic on NIC. */
static bool hears_nobody(const struct nic *nic)
{
	const struct leases *l = &nic->leases;
	return l->dhcp4.word == WORD_OFF && l->dhcp6.word == WORD_OFF && l->ra.word == WORD_OFF;
}

/* Which NICs those are does not depend on what arrives on them: nobody on a link can change it. */
static void find_trusted(struct resolver *r, const struct nics *nics, const struct resolver_settings *s)
{
	r->trusts_all = s->trust == TRUST_ALL;
	for (const struct nic *nic = nics->first; nic != NULL && r->trusted_count < NICS_MAX; nic = nic->next)
		if (s->trust == TRUST_LISTED ? is_listed(s, nic) : !hears_nobody(nic))
			r->trusted[r->trusted_count++] = nic;
	if (s->trust == TRUST_SINGLE && r->trusted_count > 1)
		r->trusted_count = 0;
}

static bool is_trusted(const struct resolver *r, const struct nic *nic)
{
	for (unsigned i = 0; i < r->trusted_count; i++)
		if (r->trusted[i] == nic)
			return true;
	return r->trusts_all;
}

void resolver_build(struct resolver *r, const struct nics *nics, const struct resolver_settings *settings)
{
	const struct nic *ordered[NICS_MAX];
	unsigned count = order_nics(nics, ordered);

	const struct provenance of_setting = {.origin = FROM_SETTING, .expires_ms = FOREVER};

	*r = (struct resolver){
		.next_expiry_ms = FOREVER,
		.dns_is_set = settings->dns.count > 0,
		.search_is_set = settings->search.count > 0,
	};
	for (unsigned i = 0; i < settings->dns.count; i++)
		add_server(r, r->server, &r->server_count, &settings->dns.ip[i], &of_setting);
	for (unsigned i = 0; i < settings->search.count; i++)
		add_domain(r, settings->search.name[i], &of_setting);
	find_trusted(r, nics, settings);
	for (unsigned i = 0; i < count; i++) {
		if (!ordered[i]->carrier || !is_trusted(r, ordered[i]))
			continue;
		add_lease(r, ordered[i], &ordered[i]->leases.dhcp4, FROM_LEASE4);
		add_lease(r, ordered[i], &ordered[i]->leases.dhcp6, FROM_LEASE6);
		add_advertisements(r, ordered[i]);
	}
}

void resolver_read_dns(struct ip_list *dns, const char *value)
{
	const char *item;
	size_t length;
	dns->count = 0;
	while (dns->count < LEASE_SERVERS_MAX && config_next_item(&value, &item, &length))
		if (ip_parse(&dns->ip[dns->count], item, length))
			dns->count++;
}

void resolver_read_trust(struct resolver_settings *settings, const char *value)
{
	const char *item;
	size_t length;
	settings->trusted_count = 0;
	settings->trust = strcmp(value, CONFIG_TRUST_ALL) == 0      ? TRUST_ALL
			  : strcmp(value, CONFIG_TRUST_SINGLE) == 0 ? TRUST_SINGLE
								    : TRUST_LISTED;
	while (settings->trust == TRUST_LISTED && settings->trusted_count < TRUSTED_MAX &&
		config_next_item(&value, &item, &length))
		settings->trusted_count +=
			ip_setting_parse_nic(&settings->trusted[settings->trusted_count], item, length);
}

void resolver_read_search(struct domain_list *search, const char *value)
{
	const char *item;
	size_t length;
	search->count = 0;
	while (search->count < LEASE_DOMAINS_MAX && config_next_item(&value, &item, &length)) {
		if (!host_name_valid(item, length))
			continue;
		if (item[length - 1] == '.')
			length--;
		memcpy(search->name[search->count], item, length);
		search->name[search->count++][length] = '\0';
	}
}

void text_add_server(struct text *t, const struct resolver_server *server)
{
	text_add_ip(t, &server->ip);
	if (server->nic != NULL && server->ip.family == AF_INET6 && ip_is_link_local(&server->ip))
		text_add(t, "%%%s", server->nic->ifname);
}

unsigned resolver_write_conf(const struct resolver *r, struct text *t)
{
	size_t line = 0;
	unsigned left_out = 0;

	for (unsigned i = 0; i < r->server_count; i++) {
		text_add(t, "nameserver ");
		text_add_server(t, &r->server[i]);
		text_add(t, "\n");
	}
	for (unsigned i = 0; i < r->domain_count; i++) {
		size_t length = strlen(r->domain[i].name) + 1;
		if (line == 0 ? length + 7 > CONF_LINE_MAX : line + length + 1 > CONF_LINE_MAX) {
			left_out++;
			continue;
		}
		if (line == 0) {
			text_add(t, "search");
			line = 6;
		}
		text_add(t, " %s", r->domain[i].name);
		line += length;
	}
	if (line > 0)
		text_add(t, "\n");
	return left_out;
}
