#include "lease.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const char *const client_words[WORD_COUNT] = {
	[WORD_NONE] = "none",
	[WORD_DISCOVER] = "discover",
	[WORD_BOUND] = "bound",
	[WORD_RENEW] = "renew",
	[WORD_REBIND] = "rebind",
	[WORD_INFORM] = "inform",
	[WORD_EXPIRED] = "expired",
	[WORD_NAK] = "nak",
	[WORD_RECEIVED] = "received",
	[WORD_OFF] = "off",
};

static int64_t expiry(int64_t now_ms, uint32_t lifetime_s)
{
	return lifetime_s == UINT32_MAX ? FOREVER : now_ms + (int64_t)lifetime_s * 1000;
}

static void add_servers(struct ip_list *list, const char *words, unsigned *left_out)
{
	const char *word;
	size_t length;
	while (event_next_word(&words, &word, &length)) {
		struct ip ip;
		if (list->count < LEASE_SERVERS_MAX && ip_parse(&ip, word, length) && ip_is_usable(&ip))
			list->ip[list->count++] = ip;
		else
			++*left_out;
	}
}

/* Copies a host name without its final dot. */
static bool copy_name(char to[static HOST_BYTES_MAX], const char *name, size_t length)
{
	if (!host_name_valid(name, length))
		return false;
	length -= name[length - 1] == '.';
	memcpy(to, name, length);
	to[length] = '\0';
	return true;
}

static void add_domains(struct domain_list *list, const char *words, unsigned *left_out)
{
	const char *word;
	size_t length;
	while (event_next_word(&words, &word, &length)) {
		if (list->count < LEASE_DOMAINS_MAX && copy_name(list->name[list->count], word, length))
			list->count++;
		else
			++*left_out;
	}
}

static void read_dhcp4(struct lease *l, const struct event *e, int64_t now_ms)
{
	const char *value = event_get(e, "new_ip_address");
	if (value != NULL && ip_parse(&l->address[0], value, strlen(value)))
		l->address_count = 1;
	value = event_get(e, "new_dhcp_server_identifier");
	if (value != NULL && !ip_parse(&l->server, value, strlen(value)))
		l->server = (struct ip){0};
	/* RFC 2131 3.3: every lease has a time; a static address has none. */
	l->lease_s = event_number(e, "new_dhcp_lease_time", UINT32_MAX);
	l->renew_s = event_number(e, "new_dhcp_renewal_time", 0);
	l->expires_ms = expiry(now_ms, l->lease_s);
	add_servers(&l->dns, event_get(e, "new_domain_name_servers"), &l->left_out);
	add_servers(&l->ntp, event_get(e, "new_ntp_servers"), &l->left_out);
	add_servers(&l->log, event_get(e, "new_log_servers"), &l->left_out);
	/* The domain is searched when there is no search list (RFC 3397 section 4). */
	value = event_get(e, "new_domain_search");
	add_domains(&l->search, value != NULL ? value : event_get(e, "new_domain_name"), &l->left_out);
	value = event_get(e, "new_host_name");
	if (value != NULL) {
		size_t length = strlen(value);
		length -= length > 0 && value[length - 1] == '.';
		snprintf(l->host_name, sizeof(l->host_name), "%.*s", (int)length, value);
	}
	l->mtu = event_number(e, "new_interface_mtu", 0);
	if (l->mtu < LEASE_MTU_MIN || l->mtu > UINT16_MAX)
		l->mtu = 0;
}

/* NTP servers (RFC 5908), each in an option of its own, and SNTP servers (RFC 4075). A name is left out. */
static void read_ntp6(struct lease *l, const struct event *e)
{
	for (unsigned i = 1; i <= LEASE_SERVERS_MAX; i++) {
		add_servers(&l->ntp, event_getf(e, "new_dhcp6_ntp_server%u_addr", i), &l->left_out);
		l->left_out += event_getf(e, "new_dhcp6_ntp_server%u_fqdn", i) != NULL;
	}
	add_servers(&l->ntp, event_get(e, "new_dhcp6_sntp_servers"), &l->left_out);
}

static void read_dhcp6(struct lease *l, const struct event *e, int64_t now_ms)
{
	l->lease_s = 0;
	for (unsigned ia = 1; l->address_count < LEASE_ADDRESSES_MAX; ia++) {
		if (event_getf(e, "new_dhcp6_ia_na%u_iaid", ia) == NULL)
			break;
		for (unsigned i = 1; l->address_count < LEASE_ADDRESSES_MAX; i++) {
			const char *address = event_getf(e, "new_dhcp6_ia_na%u_ia_addr%u", ia, i);
			const char *valid = event_getf(e, "new_dhcp6_ia_na%u_ia_addr%u_vltime", ia, i);
			uint64_t valid_s;
			if (address == NULL || valid == NULL)
				break;
			if (!parse_number(valid, 1, UINT32_MAX, &valid_s) ||
				!ip_parse(&l->address[l->address_count], address, strlen(address)))
				continue;
			l->address_count++;
			if (valid_s > l->lease_s)
				l->lease_s = (uint32_t)valid_s;
		}
	}
	if (l->address_count == 0)
		l->lease_s = UINT32_MAX; /* an answer to Information-Request has no end (RFC 8415 18.2.6) */
	l->renew_s = event_number(e, "new_dhcp6_ia_na1_t1", 0);
	l->expires_ms = expiry(now_ms, l->lease_s);
	add_servers(&l->dns, event_get(e, "new_dhcp6_name_servers"), &l->left_out);
	read_ntp6(l, e);
	add_domains(&l->search, event_get(e, "new_dhcp6_domain_search"), &l->left_out);
}

static struct ra_entry *find_entry(
	struct ra *ra, const struct ip *router, const struct ip *server, const char *domain)
{
	for (unsigned i = 0; i < ra->entry_count; i++) {
		struct ra_entry *entry = &ra->entry[i];
		if (ip_equal(&entry->router, router) && ip_equal(&entry->server, server) &&
			strcmp(entry->domain, domain) == 0)
			return entry;
	}
	return NULL;
}

/* An entry lives by its own lifetime: one that a later advertisement leaves out stays, one that comes with
 * lifetime 0 goes (RFC 8106 section 6.2, 5.1). */
static void set_ra_entry(struct ra *ra, const struct ra_entry *new)
{
	struct ra_entry *entry = find_entry(ra, &new->router, &new->server, new->domain);
	if (entry == NULL && ra->entry_count < RA_ENTRIES_MAX)
		entry = &ra->entry[ra->entry_count++];
	if (entry == NULL)
		ra->left_out++;
	else
		*entry = *new;
}

static void read_servers(struct ra *ra, struct ra_entry entry, const char *words)
{
	const char *word;
	size_t length;
	while (event_next_word(&words, &word, &length)) {
		if (ip_parse(&entry.server, word, length) && ip_is_usable(&entry.server))
			set_ra_entry(ra, &entry);
		else
			ra->left_out++;
	}
}

static void read_domains(struct ra *ra, struct ra_entry entry, const char *words)
{
	const char *word;
	size_t length;
	while (event_next_word(&words, &word, &length)) {
		if (copy_name(entry.domain, word, length))
			set_ra_entry(ra, &entry);
		else
			ra->left_out++;
	}
}

/* Entries of one kind, "rdnss" or "dnssl", of router N; dhcpcd numbers options from 1. */
static void read_options(struct ra *ra, const struct event *e, unsigned n, const struct ra_entry *base,
	int64_t received_ms, const char *kind, const char *list,
	void (*read)(struct ra *, struct ra_entry, const char *))
{
	for (unsigned i = 1;; i++) {
		const char *lifetime = event_getf(e, "nd%u_%s%u_lifetime", n, kind, i);
		uint64_t lifetime_s;
		struct ra_entry entry = *base;
		if (lifetime == NULL || !parse_number(lifetime, 0, UINT32_MAX, &lifetime_s))
			break;
		entry.expires_ms = expiry(received_ms, (uint32_t)lifetime_s);
		read(ra, entry, event_getf(e, "nd%u_%s%u_%s", n, kind, i, list));
	}
}

static void read_router(struct ra *ra, const struct event *e, unsigned n, const char *from, int64_t now_ms)
{
	struct ra_entry base = {0};
	const char *acquired = event_getf(e, "nd%u_acquired", n), *now = event_getf(e, "nd%u_now", n);
	const char *flags = event_getf(e, "nd%u_flags", n);
	uint64_t acquired_s, now_s;
	int64_t received_ms = now_ms;

	if (!ip_parse(&base.router, from, strlen(from)))
		return;
	if (acquired != NULL && now != NULL && parse_number(acquired, 0, UINT32_MAX, &acquired_s) &&
		parse_number(now, acquired_s, UINT32_MAX, &now_s))
		received_ms -= (int64_t)(now_s - acquired_s) * 1000;
	if (flags != NULL && strpbrk(flags, "MO") != NULL)
		ra->asks_dhcp6 = true;
	read_options(ra, e, n, &base, received_ms, "rdnss", "servers", read_servers);
	read_options(ra, e, n, &base, received_ms, "dnssl", "search", read_domains);
	for (unsigned i = 1; ra->address_count < RA_ADDRESSES_MAX; i++) {
		const char *address = event_getf(e, "nd%u_addr%u", n, i);
		if (address == NULL)
			break;
		size_t length = strcspn(address, "/");
		if (ip_parse(&ra->address[ra->address_count], address, length))
			ra->address_count++;
	}
}

static void expire_entries(struct ra *ra, int64_t now_ms)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < ra->entry_count; i++)
		if (ra->entry[i].expires_ms > now_ms)
			ra->entry[kept++] = ra->entry[i];
	ra->entry_count = kept;
}

/* The event holds all routers of the NIC, each with its last advertisement. */
static void read_ra(struct ra *ra, const struct event *e, int64_t now_ms)
{
	const char *from;
	unsigned n = 1;

	ra->asks_dhcp6 = false;
	ra->left_out = 0;
	ra->address_count = 0;
	for (; n <= RA_ROUTERS_MAX && (from = event_getf(e, "nd%u_from", n)) != NULL; n++)
		read_router(ra, e, n, from, now_ms);
	if (n > 1)
		ra->word = WORD_RECEIVED;
	else if (ra->word == WORD_RECEIVED)
		ra->word = WORD_EXPIRED;
	expire_entries(ra, now_ms);
}

enum source { FROM_LINK, FROM_DHCP4, FROM_DHCP6, FROM_RA };

/* dhcpcd's reasons (dhcpcd-run-hooks(8)). `word` is what is left when the event brings no lease, or the
 * lease's own word. STOPPED is none of them: dhcpcd ends, and with "persistent" what it set stays. */
static const struct reason {
	const char *name;
	enum source source;
	enum client_word word;
} reasons[] = {
	{"CARRIER", FROM_LINK, WORD_DISCOVER},
	{"NOCARRIER", FROM_LINK, WORD_NONE},
	{"DEPARTED", FROM_LINK, WORD_NONE},
	{"BOUND", FROM_DHCP4, WORD_BOUND},
	{"REBOOT", FROM_DHCP4, WORD_BOUND},
	{"TIMEOUT", FROM_DHCP4, WORD_BOUND},
	{"STATIC", FROM_DHCP4, WORD_BOUND},
	{"INFORM", FROM_DHCP4, WORD_INFORM},
	{"RENEW", FROM_DHCP4, WORD_RENEW},
	{"REBIND", FROM_DHCP4, WORD_REBIND},
	{"EXPIRE", FROM_DHCP4, WORD_EXPIRED},
	{"NAK", FROM_DHCP4, WORD_NAK},
	{"FAIL", FROM_DHCP4, WORD_DISCOVER},
	{"BOUND6", FROM_DHCP6, WORD_BOUND},
	{"REBOOT6", FROM_DHCP6, WORD_BOUND},
	{"TIMEOUT6", FROM_DHCP6, WORD_DISCOVER},
	{"INFORM6", FROM_DHCP6, WORD_INFORM},
	{"RENEW6", FROM_DHCP6, WORD_RENEW},
	{"REBIND6", FROM_DHCP6, WORD_REBIND},
	{"EXPIRE6", FROM_DHCP6, WORD_EXPIRED},
	{"STOP6", FROM_DHCP6, WORD_NONE},
	{"RELEASE6", FROM_DHCP6, WORD_NONE},
	{"ROUTERADVERT", FROM_RA, WORD_RECEIVED},
};

/* The setting `ip` switches clients off; dhcpcd's configuration for the NIC (src/init/dhcpcd_conf.c) says so
 * in the environment, since dhcpcd itself reports nothing about a client that is off. */
static bool is_off(const struct event *e, const char *client)
{
	return event_get(e, client) != NULL;
}

/* When the link goes down dhcpcd drops its leases, and says EXPIRE of those that have time left. */
static enum client_word word_left(const struct event *e, const struct reason *r)
{
	const char *carrier = event_get(e, "ifcarrier");
	bool down = carrier != NULL && strcmp(carrier, "down") == 0;
	return down && r->word == WORD_EXPIRED ? WORD_NONE : r->word;
}

static void link_changed(struct leases *l, const struct event *e, enum client_word word)
{
	if (word == WORD_NONE)
		*l = (struct leases){0};
	else if (!l->dhcp4.held)
		l->dhcp4.word = word;
	if (is_off(e, "dhcp4"))
		l->dhcp4.word = WORD_OFF;
	if (is_off(e, "dhcp6"))
		l->dhcp6.word = WORD_OFF;
	if (is_off(e, "ra"))
		l->ra.word = WORD_OFF;
}

void leases_apply(struct leases *l, const struct event *e, int64_t now_ms)
{
	const char *name = event_get(e, "reason"), *up = event_get(e, "if_up");
	bool held = up != NULL && strcmp(up, "true") == 0;
	const struct reason *r = NULL;

	for (size_t i = 0; name != NULL && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(name, reasons[i].name) == 0)
			r = &reasons[i];
	if (r == NULL)
		return;
	switch (r->source) {
	case FROM_LINK:
		link_changed(l, e, r->word);
		break;
	case FROM_DHCP4:
		l->dhcp4 = (struct lease){.word = word_left(e, r), .held = held};
		if (held)
			read_dhcp4(&l->dhcp4, e, now_ms);
		break;
	case FROM_DHCP6:
		l->dhcp6 = (struct lease){.word = word_left(e, r), .held = held};
		if (held)
			read_dhcp6(&l->dhcp6, e, now_ms);
		break;
	case FROM_RA:
		read_ra(&l->ra, e, now_ms);
		break;
	}
	if (l->ra.asks_dhcp6 && !l->dhcp6.held && l->dhcp6.word == WORD_NONE)
		l->dhcp6.word = WORD_DISCOVER;
}

static void expire_lease(struct lease *l, int64_t now_ms)
{
	if (l->held && l->expires_ms <= now_ms)
		*l = (struct lease){.word = WORD_EXPIRED};
}

void leases_expire(struct leases *l, int64_t now_ms)
{
	expire_lease(&l->dhcp4, now_ms);
	expire_lease(&l->dhcp6, now_ms);
	expire_entries(&l->ra, now_ms);
}
