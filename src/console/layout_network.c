/* The parts of the status page that tell of the network. */
#include "layout_blocks.h"

#include <string.h>

#include "common/config_keys.h"
#include "verdict.h"

enum { LINE_BYTES_MAX = 1024 };

static void add_origin(struct text *t, const char *address, const char *origin)
{
	text_add(t, "%s%s (%s)", t->used > 0 ? ", " : "", address, origin);
}

static void draw_resolver(struct canvas *c, const struct screen_state *s)
{
	const struct resolver_state *resolver = &s->resolver;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	text_clear(&t);
	if (resolver->status == RECORD_UNREADABLE) {
		canvas_line(c, "DNS", ATTRIBUTE_BAD, "its record is unreadable", "");
		return;
	}
	bool trusts_none = strcmp(resolver->trust, CONFIG_NONE) == 0;
	if (resolver->server_count == 0) {
		canvas_line(c, "DNS", ATTRIBUTE_WARN, "no server known",
			trusts_none ? ": of several NICs none is trusted, set trust=NIC" : "");
		return;
	}
	for (unsigned i = 0; i < resolver->server_count && i < SERVERS_MAX; i++) {
		const struct server_state *server = &resolver->servers[i];
		char origin[40];
		struct text o = TEXT(origin);
		bool of_nic = s->nic_count > 1 && strcmp(server->ifname, "-") != 0;
		text_clear(&o);
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
	canvas_line(c, "DNS", ATTRIBUTE_NORMAL, "", line);
}

static void draw_heading(struct canvas *c, const struct screen_state *s)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	canvas_rule(c, "Network");
	draw_resolver(c, s);
	for (unsigned i = 0; i < s->link.count && i < LINK_LINES_MAX; i++)
		canvas_line(c, i == 0 ? "Settings" : "", ATTRIBUTE_WARN, s->link.lines[i], "");
	if (s->link.count <= LINK_LINES_MAX)
		return;
	text_clear(&t);
	text_add(&t, "%u more are not shown", s->link.count - LINK_LINES_MAX);
	canvas_line(c, "", ATTRIBUTE_WARN, line, "");
}

void draw_no_nic(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms)
{
	(void)index, (void)now_ms;
	draw_heading(c, s);
	canvas_line(c, "NIC", ATTRIBUTE_WARN, "waiting for an address: no network card seen yet", "");
}

void draw_nics_unkept(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	text_clear(&t);
	text_add(&t, "%u more NICs are not shown", s->nic_count - NICS_MAX);
	canvas_line(c, "NIC", ATTRIBUTE_WARN, line, "");
}

/* Columns of the longest address, so that all NICs' columns align. */
static int address_columns(const struct screen_state *s)
{
	size_t longest = 0;
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++) {
		const struct nic_state *n = &s->nics[i];
		for (unsigned j = 0; j < n->address_count && j < ADDRESSES_MAX; j++) {
			size_t length = strlen(n->addresses[j].address);
			longest = length > longest ? length : longest;
		}
	}
	return (int)longest;
}

static void draw_address(struct canvas *c, const struct address_state *a, int columns, int64_t now_ms)
{
	char lead[LINE_BYTES_MAX], rest[LINE_BYTES_MAX];
	struct text l = TEXT(lead), t = TEXT(rest);
	text_clear(&l);
	text_clear(&t);
	text_add(&l, "%-*s", columns, a->address);
	text_add(&t, "  %-10s", a->origin);
	if (a->expires_ms != FOREVER) {
		text_add(&t, "  ");
		text_add_time_left(&t, a->expires_ms, now_ms);
		text_add(&t, " left");
	}
	if (a->flags[0] != '\0')
		text_add(&t, "  %s", a->flags);
	bool link_local = strcmp(a->origin, "link-local") == 0;
	enum attribute usable = link_local ? ATTRIBUTE_NORMAL : ATTRIBUTE_STRONG;
	bool flawed = !link_local && !address_usable(a, now_ms);
	canvas_line(c, "", flawed ? ATTRIBUTE_WARN : usable, lead, rest);
}

/* "DHCP bound by 10.0.0.1, renews in 29 min 3 s; DHCPv6 bound" */
static void add_leases(struct text *t, const struct canvas *c, const struct nic_state *n, int64_t now_ms)
{
	if (n->dhcp4[0] != '\0' && strcmp(n->dhcp4, "none") != 0) {
		text_add(t, "  DHCP %s", n->dhcp4);
		if (c->columns >= WIDE_COLUMNS && n->dhcp4_server[0] != '\0')
			text_add(t, " by %s", n->dhcp4_server);
		if (strcmp(n->dhcp4, "bound") == 0 && n->dhcp4_renew_ms >= 0) {
			text_add(t, ", renews in ");
			text_add_time_left(t, n->dhcp4_renew_ms, now_ms);
		}
	}
	if (n->dhcp6[0] != '\0' && strcmp(n->dhcp6, "none") != 0)
		text_add(t, "  DHCPv6 %s", n->dhcp6);
}

static void draw_gateways(struct canvas *c, const struct nic_state *n, int64_t now_ms)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	text_clear(&t);
	for (unsigned i = 0; i < n->gateway_count && i < GATEWAYS_MAX; i++)
		add_origin(&t, n->gateways[i].address, n->gateways[i].origin);
	if (n->gateway_count > GATEWAYS_MAX)
		text_add(&t, ", %u more", n->gateway_count - GATEWAYS_MAX);
	if (n->gateway_count > 0)
		canvas_line(c, "", ATTRIBUTE_NORMAL, "gateway ", line);
	else if (nic_usable(n, now_ms))
		canvas_line(c, "", ATTRIBUTE_WARN, "no gateway", ": reaches only its own network");
}

void draw_nic(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms)
{
	const struct nic_state *n = &s->nics[index];
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	text_clear(&t);
	if (index == 0)
		draw_heading(c, s);
	if (n->status != RECORD_READ) {
		canvas_line(c, n->ifname, ATTRIBUTE_BAD, "its record is unreadable", "");
		return;
	}
	text_add(&t, "  %s  %s", n->mac, n->driver);
	if (n->up)
		add_leases(&t, c, n, now_ms);
	else
		text_add(&t, "  no link: connect its cable or virtual switch");
	canvas_line(c, n->ifname, n->up ? ATTRIBUTE_GOOD : ATTRIBUTE_BAD, n->up ? "UP" : "DOWN", line);

	int columns = address_columns(s);
	for (unsigned i = 0; i < n->address_count && i < ADDRESSES_MAX; i++)
		draw_address(c, &n->addresses[i], columns, now_ms);
	text_clear(&t);
	if (n->address_count > ADDRESSES_MAX) {
		text_add(&t, "%u more addresses are not shown", n->address_count - ADDRESSES_MAX);
		canvas_line(c, "", ATTRIBUTE_WARN, line, "");
	}
	text_clear(&t);
	if (n->up && !nic_usable(n, now_ms) && !nic_is_off(n)) {
		text_add_nic_wait(&t, n, now_ms);
		canvas_line(c, "", ATTRIBUTE_WARN, line, "");
	}
	draw_gateways(c, n, now_ms);
}
