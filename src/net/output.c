#include "output.h"

#include <inttypes.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_keys.h"
#include "common/log.h"
#include "records/resolver.h"

enum { VALUE_BYTES = 512, CONF_BYTES = 1024 };

static const char resolver_name[] = "resolver";

static struct record record; /* 32 KB: too large for the stack of a small program */

static void add_expiry(struct text *t, int64_t expires_ms)
{
	if (expires_ms == FOREVER)
		text_add(t, " forever");
	else
		text_add(t, " %" PRId64, expires_ms);
}

static void add_flags(struct text *t, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{IFA_F_TENTATIVE, "tentative"},
		{IFA_F_DEPRECATED, "deprecated"},
		{IFA_F_DADFAILED, "dadfailed"},
	};
	char separator = ' ';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (flags & words[i].flag) {
			text_add(t, "%c%s", separator, words[i].word);
			separator = ',';
		}
}

static void add_addresses(struct record *r, const char *key, const void *from)
{
	const struct nic *nic = from;
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < nic->addresses.count; i++) {
		const struct address *a = &nic->addresses.entry[i];
		text_clear(&t);
		text_add_ip(&t, &a->ip);
		text_add(&t, "/%u %s", a->prefix_length, origin_words[nic_address_origin(nic, a)]);
		add_expiry(&t, a->expires_ms);
		add_flags(&t, a->flags);
		record_add_item(r, key, i + 1, "%s", value);
	}
}

static void add_gateways(struct record *r, const char *key, const void *from)
{
	const struct nic *nic = from;
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < nic->gateways.count; i++) {
		const struct gateway *g = &nic->gateways.entry[i];
		text_clear(&t);
		text_add_ip(&t, &g->ip);
		record_add_item(
			r, key, i + 1, "%s %s %" PRIu32, value, origin_words[gateway_origin(g)], g->metric);
	}
}

struct lease_texts {
	char server[INET6_ADDRSTRLEN], expires[24];
};

/* Of a lease that is held. */
static void tell_lease4(struct nic_told *told, const struct lease *lease, struct lease_texts *texts)
{
	struct text server = TEXT(texts->server);
	text_add_ip(&server, &lease->server);
	if (lease->mtu > 0)
		told->dhcp4_mtu = lease->mtu;
	if (lease->server.family != AF_UNSPEC)
		told->dhcp4_server = texts->server;
	if (lease->lease_s == UINT32_MAX || lease->expires_ms == FOREVER) {
		told->dhcp4_expires_ms = "forever";
		return;
	}
	snprintf(texts->expires, sizeof(texts->expires), "%" PRId64, lease->expires_ms);
	told->dhcp4_lease_s = lease->lease_s;
	told->dhcp4_expires_ms = texts->expires;
	if (lease->renew_s > 0 && lease->renew_s <= lease->lease_s)
		told->dhcp4_renew_ms = lease->expires_ms - (int64_t)(lease->lease_s - lease->renew_s) * 1000;
}

void nic_to_record(struct record *r, const struct nic *nic)
{
	const struct leases *l = &nic->leases;
	const uint8_t *m = nic->mac;
	char mac[24];
	struct lease_texts texts;
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	struct nic_told told = nic->told;
	told.from = nic;
	told.ifname = nic->ifname;
	told.ifindex = nic->ifindex;
	told.mac = nic->has_mac ? mac : NULL;
	told.mtu = nic->mtu;
	told.driver = unless_empty(nic->driver);
	told.link = nic->carrier ? "up" : "down";
	told.dhcp4 = client_words[nic->carrier ? l->dhcp4.word : WORD_NONE];
	told.dhcp4_mtu = -1;
	told.dhcp4_lease_s = -1;
	told.dhcp4_renew_ms = -1;
	told.dhcp6 = client_words[nic->carrier ? l->dhcp6.word : WORD_NONE];
	told.ra = client_words[nic->carrier ? l->ra.word : WORD_NONE];
	told.address_items = add_addresses;
	told.addresses_left_out = unless_zero(nic->addresses.left_out);
	told.gateway_items = add_gateways;
	told.gateways_left_out = unless_zero(nic->gateways.left_out);
	if (l->dhcp4.held)
		tell_lease4(&told, &l->dhcp4, &texts);
	nic_record_write(r, &told);
}

static void add_resolver_servers(
	struct record *r, const char *key, const struct resolver_server *servers, unsigned count)
{
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < count; i++) {
		text_clear(&t);
		text_add_server(&t, &servers[i]);
		record_add_item(r, key, i + 1, "%s", value);
	}
}

static void add_ntp(struct record *r, const char *key, const void *from)
{
	const struct resolver *resolver = from;
	add_resolver_servers(r, key, resolver->ntp, resolver->ntp_count);
}

static void add_log_servers(struct record *r, const char *key, const void *from)
{
	const struct resolver *resolver = from;
	add_resolver_servers(r, key, resolver->log, resolver->log_count);
}

/* Where a server or domain is from, and until when: the end of its value. */
static void tell_origin(
	struct text *t, enum resolver_origin origin, const struct nic *nic, int64_t expires_ms)
{
	text_add(t, " %s %s", resolver_origin_words[origin], nic != NULL ? nic->ifname : "-");
	add_expiry(t, expires_ms);
}

static void tell_servers(struct record *r, const char *key, const void *from)
{
	const struct resolver *resolver = from;
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < resolver->server_count; i++) {
		const struct resolver_server *s = &resolver->server[i];
		text_clear(&t);
		text_add_server(&t, s);
		tell_origin(&t, s->origin, s->nic, s->expires_ms);
		record_add_item(r, key, i + 1, "%s", value);
	}
}

static void tell_domains(struct record *r, const char *key, const void *from)
{
	const struct resolver *resolver = from;
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < resolver->domain_count; i++) {
		const struct resolver_domain *d = &resolver->domain[i];
		text_clear(&t);
		text_add(&t, "%s", d->name);
		tell_origin(&t, d->origin, d->nic, d->expires_ms);
		record_add_item(r, key, i + 1, "%s", value);
	}
}

void resolver_to_record(struct record *r, const struct resolver *resolver, unsigned left_out)
{
	char trusted[VALUE_BYTES];
	struct text t = TEXT(trusted);
	for (unsigned i = 0; i < resolver->trusted_count; i++)
		text_add(&t, "%s%s", i > 0 ? ", " : "", resolver->trusted[i]->ifname);
	const char *names = t.used > 0 ? trusted : CONFIG_NONE;
	resolver_record_write(r, &(struct resolver_told){
					 .from = resolver,
					 .server_items = tell_servers,
					 .search_items = tell_domains,
					 .trust = resolver->trusts_all ? NULL : names,
					 .host_name = resolver->host_name,
					 .ntp_items = add_ntp,
					 .log_server_items = add_log_servers,
					 .left_out = left_out,
				 });
}

/* Whether TEXT differs from *WRITTEN, which then becomes it. */
static bool changed(char **written, const char *text)
{
	if (*written != NULL && strcmp(*written, text) == 0)
		return false;
	free(*written);
	*written = strdup(text);
	return true;
}

static void forget(char **written)
{
	free(*written);
	*written = NULL;
}

static bool write_record(char **written, const char *name)
{
	if (!changed(written, record.data) || record_commit(&record, "net", name) == 0)
		return true;
	log_warn("record net/%s", name);
	forget(written);
	return false;
}

bool output_nic(struct nic *nic)
{
	nic_to_record(&record, nic);
	return write_record(&nic->written, nic->ifname);
}

void output_nic_gone(const struct nic *nic)
{
	if (record_remove("net", nic->ifname) < 0)
		log_warn("record net/%s: cannot remove it", nic->ifname);
}

void output_leftovers_gone(const struct nics *nics)
{
	static char names[2 * NICS_MAX][RECORD_NAME_MAX];
	const size_t max = sizeof(names) / sizeof(names[0]);
	size_t count = record_list("net", names, max);
	for (size_t i = 0; i < count && i < max; i++)
		if (strcmp(names[i], resolver_name) != 0 && nics_find(nics, names[i]) == NULL &&
			record_remove("net", names[i]) < 0)
			log_warn("record net/%s: cannot remove it", names[i]);
}

bool output_resolver(const struct resolver *resolver)
{
	static char *record_written, *conf_written;
	char conf[CONF_BYTES];
	struct text t = TEXT(conf);
	unsigned left_out = resolver->left_out + resolver_write_conf(resolver, &t);
	/* First the file, then the record about it. */
	const struct iovec whole = {.iov_base = conf, .iov_len = t.used};
	bool written =
		!changed(&conf_written, conf) || record_write_file("net", "resolv.conf", &whole, 1) == 0;
	if (!written) {
		log_warn("resolv.conf");
		forget(&conf_written);
	}
	resolver_to_record(&record, resolver, left_out);
	return write_record(&record_written, resolver_name) && written;
}
