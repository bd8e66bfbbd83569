#include "status.h"

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
