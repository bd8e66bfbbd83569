#include "status.h"

#include <stdlib.h>
#include <string.h>

const struct nic_address *first_usable(const struct status *s, int64_t now_ms)
{
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++) {
		const struct nic_record *n = &s->nics[i];
		for (unsigned j = 0; n->up && j < n->address_count && j < ADDRESSES_MAX; j++)
			if (nic_address_usable(&n->addresses[j], now_ms))
				return &n->addresses[j];
	}
	return NULL;
}

/* Neither a single host nor wider than src/common/networks.c takes for a network. With a single IPv6 address,
 * a router may announce the network. */
static bool has_neighbours(const struct nic_record *n, const char *address)
{
	const char *slash = strchr(address, '/');
	int bits = slash == NULL ? 0 : atoi(slash + 1);
	if (strchr(address, ':') != NULL)
		return bits >= 32 && (bits < 128 || strcmp(n->ra, "received") == 0);
	return bits >= 8 && bits < 32;
}

bool alone_on_link(const struct status *s, int64_t now_ms)
{
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++) {
		const struct nic_record *n = &s->nics[i];
		for (unsigned j = 0; n->up && j < n->address_count && j < ADDRESSES_MAX; j++)
			if (nic_address_usable(&n->addresses[j], now_ms) &&
				has_neighbours(n, n->addresses[j].address))
				return false;
	}
	return first_usable(s, now_ms) != NULL;
}

bool relay_told(const struct status *s)
{
	return s->relay.status == RECORD_READ && s->service.phase == PHASE_RUNNING;
}
