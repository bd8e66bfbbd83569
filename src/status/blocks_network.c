/* The parts of the status page about the network. */
#include "blocks.h"

#include <string.h>

#include "common/config_keys.h"
#include "verdict.h"

enum { LINE_BYTES_MAX = 1024 };

static void add_origin(struct text *t, const char *address, const char *origin)
{
	text_add(t, "%s%s (%s)", t->used > 0 ? ", " : "", address, origin);
}

static void draw_resolver(struct sheet *sheet, const struct status *s)
{
	const struct resolver_record *resolver = &s->resolver;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	if (resolver->status == RECORD_UNREADABLE) {
		sheet_line(sheet, "DNS", TONE_BAD, "its record is unreadable", "");
		return;
	}
	bool trusts_none = strcmp(resolver->trust, CONFIG_NONE) == 0;
	if (resolver->server_count == 0) {
		sheet_line(sheet, "DNS", TONE_WARN, "no server known",
			trusts_none ? ": of several NICs none is trusted, set trust=NIC" : "");
		return;
	}
	for (unsigned i = 0; i < resolver->server_count && i < SERVERS_MAX; i++) {
		const struct server_record *server = &resolver->servers[i];
		char origin[40];
		struct text o = TEXT(origin);
		bool of_nic = s->nic_count > 1 && strcmp(server->ifname, "-") != 0;
		text_add(&o, "%s%s%s", server->origin, of_nic ? " " : "", of_nic ? server->ifname : "");
		add_origin(&t, server->address, origin);
	}
	if (resolver->server_count > SERVERS_MAX)
		text_add(&t, ", %u more", resolver->server_count - SERVERS_MAX);
	if (resolver->search[0] != '\0')
		text_add(&t, "; search %s", resolver->search);
	if (trusts_none)
		text_add(&t, "; no NIC is trusted");
	else if (resolver->trust[0] != '\0' && s->nic_count > 1)
		text_add(&t, "; only %s trusted", resolver->trust);
	sheet_line(sheet, "DNS", TONE_PLAIN, "", line);
}

static void draw_heading(struct sheet *sheet, const struct status *s)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	sheet_rule(sheet, "Network");
	draw_resolver(sheet, s);
	for (unsigned i = 0; i < s->link.count && i < LINK_LINES_MAX; i++)
		sheet_line(sheet, i == 0 ? "Settings" : "", TONE_WARN, s->link.lines[i], "");
	if (s->link.count <= LINK_LINES_MAX)
		return;
	text_add(&t, "%u more are not shown", s->link.count - LINK_LINES_MAX);
	sheet_line(sheet, "", TONE_WARN, line, "");
}

void draw_no_nic(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	(void)index, (void)now_ms;
	draw_heading(sheet, s);
	sheet_line(sheet, "NIC", TONE_WARN, "waiting for an address: no network card seen yet", "");
}

void draw_nics_unkept(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	text_add(&t, "%u more NICs are not shown", s->nic_count - NICS_MAX);
	sheet_line(sheet, "NIC", TONE_WARN, line, "");
}

/* Columns of the longest address, so that all NICs' columns align. */
static int address_columns(const struct status *s)
{
	size_t longest = 0;
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++) {
		const struct nic_record *n = &s->nics[i];
		for (unsigned j = 0; j < n->address_count && j < ADDRESSES_MAX; j++) {
			size_t length = strlen(n->addresses[j].address);
			longest = length > longest ? length : longest;
		}
	}
	return (int)longest;
}

static void draw_address(struct sheet *sheet, const struct nic_address *a, int columns, int64_t now_ms)
{
	char lead[LINE_BYTES_MAX], rest[LINE_BYTES_MAX];
	struct text l = TEXT(lead), t = TEXT(rest);
	text_add(&l, "%-*s", columns, a->address);
	text_add(&t, "  %-10s", a->origin);
	if (a->expires_ms != FOREVER) {
		text_add(&t, "  ");
		text_add_time_left(&t, a->expires_ms, now_ms);
		text_add(&t, " left");
	}
	if (a->flags[0] != '\0')
		text_add(&t, "  %s", a->flags);
	bool link_local = strcmp(a->origin, origin_words[ORIGIN_LINK_LOCAL]) == 0;
	enum tone usable = link_local ? TONE_PLAIN : TONE_STRONG;
	bool flawed = !link_local && !nic_address_usable(a, now_ms);
	sheet_line(sheet, "", flawed ? TONE_WARN : usable, lead, rest);
}

/* "DHCP bound by 10.0.0.1, renews in 29 min 3 s; DHCPv6 bound" */
static void add_leases(struct text *t, const struct sheet *sheet, const struct nic_record *n, int64_t now_ms)
{
	if (n->dhcp4[0] != '\0' && strcmp(n->dhcp4, "none") != 0) {
		text_add(t, "  DHCP %s", n->dhcp4);
		if (sheet->columns >= WIDE_COLUMNS && n->dhcp4_server[0] != '\0')
			text_add(t, " by %s", n->dhcp4_server);
		if (strcmp(n->dhcp4, "bound") == 0 && n->dhcp4_renew_ms >= 0) {
			text_add(t, ", renews in ");
			text_add_time_left(t, n->dhcp4_renew_ms, now_ms);
		}
	}
	if (n->dhcp6[0] != '\0' && strcmp(n->dhcp6, "none") != 0)
		text_add(t, "  DHCPv6 %s", n->dhcp6);
}

static void draw_gateways(struct sheet *sheet, const struct nic_record *n, int64_t now_ms)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	for (unsigned i = 0; i < n->gateway_count && i < GATEWAYS_MAX; i++)
		add_origin(&t, n->gateways[i].address, n->gateways[i].origin);
	if (n->gateway_count > GATEWAYS_MAX)
		text_add(&t, ", %u more", n->gateway_count - GATEWAYS_MAX);
	if (n->gateway_count > 0)
		sheet_line(sheet, "", TONE_PLAIN, "gateway ", line);
	else if (nic_usable(n, now_ms))
		sheet_line(sheet, "", TONE_WARN, "no gateway", ": reaches only its own network");
}

void draw_nic(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct nic_record *n = &s->nics[index];
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	if (index == 0)
		draw_heading(sheet, s);
	if (n->status != RECORD_READ) {
		sheet_line(sheet, n->ifname, TONE_BAD, "its record is unreadable", "");
		return;
	}
	text_add(&t, "  %s  %s", n->mac, n->driver);
	if (n->up)
		add_leases(&t, sheet, n, now_ms);
	else
		text_add(&t, "  no link: connect its cable or virtual switch");
	sheet_line(sheet, n->ifname, n->up ? TONE_GOOD : TONE_BAD, n->up ? "UP" : "DOWN", line);

	int columns = address_columns(s);
	for (unsigned i = 0; i < n->address_count && i < ADDRESSES_MAX; i++)
		draw_address(sheet, &n->addresses[i], columns, now_ms);
	text_clear(&t);
	if (n->address_count > ADDRESSES_MAX) {
		text_add(&t, "%u more addresses are not shown", n->address_count - ADDRESSES_MAX);
		sheet_line(sheet, "", TONE_WARN, line, "");
	}
	text_clear(&t);
	if (n->up && !nic_usable(n, now_ms) && !nic_is_off(n)) {
		text_add_nic_wait(&t, n, now_ms);
		sheet_line(sheet, "", TONE_WARN, line, "");
	}
	draw_gateways(sheet, n, now_ms);
}
