#include "wanted.h"

#include <string.h>

#include "common/log.h"
#include "records/resolver.h"

static void want_peer(struct wanted *w, const struct endpoint *e)
{
	if (w->peer_count < PEERS_MAX && e->address_bytes <= sizeof(w->peers[0]))
		memcpy(&w->peers[w->peer_count++], &e->address, e->address_bytes);
}

static void read_dhcp(struct wanted *w, const struct record_view *net_resolver)
{
	const char *address;
	for (unsigned i = 1;
		(address = record_get_item(net_resolver, LIST_OF(resolver, log_server), i)) != NULL; i++) {
		char text[ENDPOINT_TEXT_MAX + sizeof("udp://")];
		struct text t = TEXT(text);
		struct collector c;
		text_add(&t, "udp://%s", address);
		if (t.overflow || !collector_parse(&c, text, t.used) || !c.endpoint.literal)
			continue;
		if (!w->any)
			w->collector = c;
		w->any = w->by_dhcp = true;
		want_peer(w, &c.endpoint);
	}
}

void wanted_read(struct wanted *w, const char *setting, const struct record_view *net_resolver)
{
	memset(w, 0, sizeof(*w));
	w->off = strcmp(setting, "off") == 0;
	if (w->off)
		return;
	if (setting[0] == '\0') {
		read_dhcp(w, net_resolver);
		return;
	}
	w->any = collector_parse(&w->collector, setting, strlen(setting));
	if (!w->any) /* init has checked it */
		log_warnx("syslog = \"%s\": not a collector", setting);
	else if (w->collector.endpoint.literal)
		want_peer(w, &w->collector.endpoint);
}

bool wanted_equal(const struct wanted *a, const struct wanted *b)
{
	const struct endpoint *ea = &a->collector.endpoint, *eb = &b->collector.endpoint;
	return a->off == b->off && a->any == b->any && a->by_dhcp == b->by_dhcp &&
	       a->collector.tcp == b->collector.tcp && ea->port == eb->port &&
	       strcmp(ea->host, eb->host) == 0 && a->peer_count == b->peer_count &&
	       memcmp(a->peers, b->peers, sizeof(a->peers)) == 0;
}
