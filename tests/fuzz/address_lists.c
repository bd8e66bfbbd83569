/* Lists of addresses, services, prefixes and interfaces as settings have them: any bytes are taken or
 * refused, and what is taken, written again and read again, is the same.
 *
 * Each parser gets the whole input, and each item of it as a list. */
#include <arpa/inet.h>

#include "common/config.h"
#include "common/net_text.h"
#include "fuzz.h"

enum { GUARD_MAX = 8 };

static void try_endpoint(const char *s, size_t length)
{
	char written[ENDPOINT_TEXT_MAX + 32];
	struct text t = TEXT(written);
	struct endpoint e, again;
	struct in6_addr address, address_again;
	if (!endpoint_parse(&e, s, length))
		return;
	if (e.literal)
		text_add_sockaddr(&t, (struct sockaddr *)&e.address);
	else
		text_add(&t, "%s:%u", e.host, e.port);
	must(!t.overflow && is_printable(written) && e.port != 0);
	must(endpoint_parse(&again, written, t.used));
	must(again.literal == e.literal && again.port == e.port);
	if (!e.literal) {
		must(strcmp(e.host, again.host) == 0 && host_name_valid(e.host, strlen(e.host)));
		return;
	}
	must(address_of(&address, (struct sockaddr *)&e.address));
	must(address_of(&address_again, (struct sockaddr *)&again.address));
	must(memcmp(&address, &address_again, sizeof(address)) == 0);
}

static void try_service(const char *s, size_t length)
{
	char written[HOST_BYTES_MAX + 8];
	struct text t = TEXT(written);
	struct service_name n, again;
	if (!service_name_parse(&n, s, length))
		return;
	text_add(&t, "srv:%s", n.name);
	must(!t.overflow && is_printable(written) && n.name[0] == '_' && n.name[strlen(n.name) - 1] != '.');
	must(service_name_parse(&again, written, t.used));
	must(strcmp(n.name, again.name) == 0 && n.relative == again.relative);
	must(n.relative == (strchr(n.name, '.') == strrchr(n.name, '.')));
}

static void try_prefix(const char *s, size_t length)
{
	char address[INET6_ADDRSTRLEN], written[INET6_ADDRSTRLEN + 4];
	struct text t = TEXT(written);
	struct prefix p, again;
	if (!prefix_parse(&p, s, length))
		return;
	must(p.length <= 128);
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(&p.address);
	must(!ipv4 || p.length >= 96);
	inet_ntop(ipv4 ? AF_INET : AF_INET6, p.address.s6_addr + (ipv4 ? 12 : 0), address, sizeof(address));
	text_add(&t, "%s/%u", address, p.length - (ipv4 ? 96u : 0u));
	must(!t.overflow && prefix_parse(&again, written, t.used));
	must(p.length == again.length && memcmp(&p.address, &again.address, sizeof(p.address)) == 0);
	must(prefix_contains(&p, &p.address));
	for (unsigned bit = p.length; bit < 128; bit++)
		must(!(p.address.s6_addr[bit / 8] & 0x80 >> bit % 8));
	if (p.length > 0) {
		unsigned last = p.length - 1u;
		struct in6_addr other = p.address;
		other.s6_addr[last / 8] ^= (uint8_t)(0x80 >> last % 8);
		must(!prefix_contains(&p, &other));
	}
}

static void try_uuid(const char *s, size_t length)
{
	char written[UUID_TEXT_BYTES + 1];
	struct text t = TEXT(written);
	struct uuid u, again;
	if (!uuid_parse(&u, s, length))
		return;
	text_add_uuid(&t, &u);
	must(!t.overflow && uuid_parse(&again, written, t.used));
	must(memcmp(&u, &again, sizeof(u)) == 0);
}

static void try_item(const char *s, size_t length)
{
	char *copy = copy_of(s, length, false);
	try_endpoint(copy, length);
	try_service(copy, length);
	try_prefix(copy, length);
	try_uuid(copy, length);
	free(copy);
}

static void try_guard(const char *value)
{
	char written[16 + GUARD_MAX * (UUID_TEXT_BYTES + 1)];
	struct text t = TEXT(written);
	struct uuid list[GUARD_MAX], again[GUARD_MAX];
	int count = config_guard(value, list, GUARD_MAX);
	must(count >= -1 && count <= GUARD_MAX && count == config_guard(value, NULL, GUARD_MAX));
	must(count != 0 || strcmp(value, "off") == 0 || strcmp(value, CONFIG_NONE) == 0);
	if (count <= 0)
		return;
	must(config_guard(value, list, (size_t)count - 1) == -1);
	for (int i = 0; i < count; i++) {
		text_add(&t, i == 0 ? "dcerpc:" : ",");
		text_add_uuid(&t, &list[i]);
	}
	must(!t.overflow && config_guard(written, again, GUARD_MAX) == count);
	must(memcmp(list, again, (size_t)count * sizeof(list[0])) == 0);
}

static void try_list(const char *value)
{
	const char *at = value, *item, *behind = value;
	size_t length;
	while (config_next_item(&at, &item, &length)) {
		must(item >= behind && length > 0 && item + length <= at);
		must(memchr(item, ',', length) == NULL && strchr(" \t\r", item[0]) == NULL &&
			strchr(" \t\r", item[length - 1]) == NULL);
		behind = at;
		try_item(item, length);
	}
	must(*at == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *value = copy_of(data, size, true);
	try_item(value, size);
	try_guard(value);
	try_list(value);
	free(value);
	return 0;
}
