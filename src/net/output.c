#include "output.h"

#include <inttypes.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config_keys.h"
#include "common/log.h"

enum { KEY_BYTES = 32, VALUE_BYTES = 512, CONF_BYTES = 1024 };

static const char resolver_name[] = "resolver";

static struct record record; /* 32 KB: too large for the stack of a small program */

static void add_expiry(struct text *t, int64_t expires_ms)
{
	if (expires_ms == FOREVER)
		text_add(t, " forever");
	else
		text_add(t, " %" PRId64, expires_ms);
}

static void add_item(struct record *r, const char *key, unsigned index, const struct text *value)
{
	char name[KEY_BYTES];
	snprintf(name, sizeof(name), "%s.%u", key, index + 1);
	record_add(r, name, "%s", value->data);
}

static void add_ip(struct record *r, const char *key, const struct ip *ip)
{
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	text_add_ip(&t, ip);
	record_add(r, key, "%s", value);
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

static void add_addresses(struct record *r, const struct nic *nic)
{
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < nic->addresses.count; i++) {
		const struct address *a = &nic->addresses.entry[i];
		text_clear(&t);
		text_add_ip(&t, &a->ip);
		text_add(&t, "/%u %s", a->prefix_length, origin_words[nic_address_origin(nic, a)]);
		add_expiry(&t, a->expires_ms);
		add_flags(&t, a->flags);
		add_item(r, "address", i, &t);
	}
	if (nic->addresses.left_out > 0)
		record_add(r, "addresses_left_out", "%u", nic->addresses.left_out);
	for (unsigned i = 0; i < nic->gateways.count; i++) {
		const struct gateway *g = &nic->gateways.entry[i];
		text_clear(&t);
		text_add_ip(&t, &g->ip);
		text_add(&t, " %s %" PRIu32, origin_words[gateway_origin(g)], g->metric);
		add_item(r, "gateway", i, &t);
	}
	if (nic->gateways.left_out > 0)
		record_add(r, "gateways_left_out", "%u", nic->gateways.left_out);
}

static void add_lease4(struct record *r, const struct lease *lease)
{
	if (lease->mtu > 0)
		record_add(r, "dhcp4_mtu", "%" PRIu32, lease->mtu);
	if (lease->server.family != AF_UNSPEC)
		add_ip(r, "dhcp4_server", &lease->server);
	if (lease->lease_s == UINT32_MAX || lease->expires_ms == FOREVER) {
		record_add(r, "dhcp4_expires_ms", "forever");
		return;
	}
	record_add(r, "dhcp4_lease_s", "%" PRIu32, lease->lease_s);
	record_add(r, "dhcp4_expires_ms", "%" PRId64, lease->expires_ms);
	if (lease->renew_s > 0 && lease->renew_s <= lease->lease_s)
		record_add(r, "dhcp4_renew_ms", "%" PRId64,
			lease->expires_ms - (int64_t)(lease->lease_s - lease->renew_s) * 1000);
}

void nic_to_record(struct record *r, const struct nic *nic)
{
	const struct leases *l = &nic->leases;

	record_begin(r);
	record_add(r, "ifname", "%s", nic->ifname);
	record_add(r, "ifindex", "%d", nic->ifindex);
	if (nic->has_mac)
		record_add(r, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0], nic->mac[1], nic->mac[2],
			nic->mac[3], nic->mac[4], nic->mac[5]);
	record_add(r, "mtu", "%" PRIu32, nic->mtu);
	if (nic->driver[0] != '\0')
		record_add(r, "driver", "%s", nic->driver);
	record_add(r, "link", "%s", nic->carrier ? "up" : "down");
	record_add(r, "dhcp4", "%s", client_words[nic->carrier ? l->dhcp4.word : WORD_NONE]);
	if (l->dhcp4.held)
		add_lease4(r, &l->dhcp4);
	record_add(r, "dhcp6", "%s", client_words[nic->carrier ? l->dhcp6.word : WORD_NONE]);
	record_add(r, "ra", "%s", client_words[nic->carrier ? l->ra.word : WORD_NONE]);
	add_addresses(r, nic);
	if (nic->no_address_since_ms > 0)
		record_add(r, "no_address_since_ms", "%" PRId64, nic->no_address_since_ms);
}

static void add_resolver_servers(
	struct record *r, const char *key, const struct resolver_server *servers, unsigned count)
{
	char value[VALUE_BYTES];
	struct text t = TEXT(value);
	for (unsigned i = 0; i < count; i++) {
		text_clear(&t);
		text_add_server(&t, &servers[i]);
		add_item(r, key, i, &t);
	}
}

void resolver_to_record(struct record *r, const struct resolver *resolver, unsigned left_out)
{
	char value[VALUE_BYTES];
	struct text t = TEXT(value);

	record_begin(r);
	for (unsigned i = 0; i < resolver->server_count; i++) {
		const struct resolver_server *s = &resolver->server[i];
		text_clear(&t);
		text_add_server(&t, s);
		text_add(&t, " %s %s", resolver_origin_words[s->origin],
			s->nic != NULL ? s->nic->ifname : "-");
		add_expiry(&t, s->expires_ms);
		add_item(r, "server", i, &t);
	}
	for (unsigned i = 0; i < resolver->domain_count; i++) {
		const struct resolver_domain *d = &resolver->domain[i];
		text_clear(&t);
		text_add(&t, "%s %s %s", d->name, resolver_origin_words[d->origin],
			d->nic != NULL ? d->nic->ifname : "-");
		add_expiry(&t, d->expires_ms);
		add_item(r, "search", i, &t);
	}
	text_clear(&t);
	for (unsigned i = 0; i < resolver->trusted_count; i++)
		text_add(&t, "%s%s", i > 0 ? ", " : "", resolver->trusted[i]->ifname);
	if (!resolver->trusts_all)
		record_add(r, "trust", "%s", t.used > 0 ? value : CONFIG_NONE);
	if (resolver->host_name != NULL)
		record_add(r, "host_name", "%s", resolver->host_name);
	add_resolver_servers(r, "ntp", resolver->ntp, resolver->ntp_count);
	add_resolver_servers(r, "log_server", resolver->log, resolver->log_count);
	record_add(r, "left_out", "%u", left_out);
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

static void write_record(char **written, const char *name)
{
	if (changed(written, record.data) && record_commit(&record, "net", name) < 0) {
		log_warn("record net/%s", name);
		forget(written);
	}
}

void output_nic(struct nic *nic)
{
	nic_to_record(&record, nic);
	write_record(&nic->written, nic->ifname);
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

void output_resolver(const struct resolver *resolver)
{
	static char *record_written, *conf_written;
	char conf[CONF_BYTES];
	struct text t = TEXT(conf);
	unsigned left_out = resolver->left_out + resolver_write_conf(resolver, &t);
	/* First the file, then the record about it. */
	const struct iovec whole = {.iov_base = conf, .iov_len = t.used};
	if (changed(&conf_written, conf) && record_write_file("net", "resolv.conf", &whole, 1) < 0) {
		log_warn("resolv.conf");
		forget(&conf_written);
	}
	resolver_to_record(&record, resolver, left_out);
	write_record(&record_written, resolver_name);
}
