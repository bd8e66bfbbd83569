#include "common/allow.h"

#include <string.h>

#include "common/config_keys.h"

bool allow_take(struct allow *a, const char *item, size_t length)
{
	if (length == strlen(CONFIG_ON_LINK) && memcmp(item, CONFIG_ON_LINK, length) == 0) {
		a->on_link = true;
		return true;
	}
	if (length == strlen(CONFIG_NONE) && memcmp(item, CONFIG_NONE, length) == 0)
		return true;
	if (a->count == ALLOW_PREFIXES_MAX || !prefix_parse(&a->list[a->count], item, length))
		return false;
	a->count++;
	return true;
}

bool allow_names(const struct allow *a, const struct in6_addr *client)
{
	for (size_t i = 0; i < a->count; i++)
		if (prefix_contains(&a->list[i], client))
			return true;
	return false;
}

/* `on-link` includes the addresses of this machine. */
static bool is_in(const struct allow *a, const struct networks *n, const struct in6_addr *client)
{
	if (a->on_link && (prefixes_contain(&n->on_link, client) || prefixes_contain(&n->own, client)))
		return true;
	return allow_names(a, client);
}

bool allow_client(const struct allow *a, struct networks *n, const struct in6_addr *client)
{
	return is_in(a, n, client) || (networks_catch_up(n) && is_in(a, n, client));
}
