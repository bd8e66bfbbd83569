#include "servers.h"

#include <string.h>

#include "common/config.h"
#include "records/nic.h"
#include "records/resolver.h"

/* "fe80::1%eth0", as far as it is well formed (RFC 4007 11): whether the NIC is there is for ntpd to find. */
static bool is_scoped_address(const char *host, size_t length)
{
	const char *scope = memchr(host, '%', length);
	struct prefix p;
	if (scope == NULL || scope + 1 == host + length || memchr(host, '/', length) != NULL)
		return false;
	return prefix_parse(&p, host, (size_t)(scope - host)) && IN6_IS_ADDR_LINKLOCAL(&p.address) &&
	       host_name_valid(scope + 1, length - (size_t)(scope + 1 - host));
}

static void add_server(struct servers *s, const char *host, size_t length)
{
	struct prefix p;
	bool address = memchr(host, '/', length) == NULL && prefix_parse(&p, host, length);
	if (s->count == TIME_SERVERS_MAX || length >= HOST_BYTES_MAX ||
		(!address && !is_scoped_address(host, length) && !host_name_valid(host, length)))
		return;
	memcpy(s->host[s->count], host, length);
	s->host[s->count++][length] = '\0';
}

void servers_read(struct servers *s, const char *setting, const struct record_view *net_resolver)
{
	const char *item;
	size_t length;
	memset(s, 0, sizeof(*s)); /* the hosts are compared as bytes */
	s->off = strcmp(setting, "off") == 0;
	s->of_setting = setting[0] != '\0';
	while (!s->off && config_next_item(&setting, &item, &length))
		add_server(s, item, length);
	for (unsigned i = 1;
		!s->of_setting && (item = record_get_item(net_resolver, LIST_OF(resolver, ntp), i)) != NULL;
		i++)
		add_server(s, item, strlen(item));
}

bool servers_equal(const struct servers *a, const struct servers *b)
{
	return a->off == b->off && a->of_setting == b->of_setting && a->count == b->count &&
	       memcmp(a->host, b->host, sizeof(a->host)) == 0;
}

unsigned families_of(const struct record_view *nic, int64_t now_ms)
{
	const char *value, *link = record_get(nic, KEY_OF(nic, link));
	unsigned families = 0;
	if (link == NULL || strcmp(link, "up") != 0)
		return 0;
	for (unsigned i = 1; (value = record_get_item(nic, LIST_OF(nic, address), i)) != NULL; i++) {
		struct nic_address a;
		if (nic_address_parse(&a, value) && nic_address_usable(&a, now_ms))
			families |= strchr(a.address, ':') != NULL ? FAMILY_IPV6 : FAMILY_IPV4;
	}
	return families;
}
