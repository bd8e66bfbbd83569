#include "nic.h"

#include <string.h>

const char *const origin_words[ORIGIN_COUNT] = {ADDRESS_ORIGINS(WORD_TEXT)[ORIGIN_RA] = "ra"};

bool nic_address_parse(struct nic_address *a, const char *value)
{
	TAKE(&value, a->address);
	TAKE(&value, a->origin);
	bool whole = value[0] != '\0';
	a->expires_ms = take_time(&value);
	TAKE(&value, a->flags);
	return whole;
}

static void read_addresses(struct nic_record *s, const struct record_view *v)
{
	const char *value;
	while ((value = record_get_item(v, LIST_OF(nic, address), s->address_count + 1)) != NULL) {
		if (s->address_count < ADDRESSES_MAX)
			nic_address_parse(&s->addresses[s->address_count], value);
		s->address_count++;
	}
	while ((value = record_get_item(v, LIST_OF(nic, gateway), s->gateway_count + 1)) != NULL) {
		if (s->gateway_count < GATEWAYS_MAX) {
			struct nic_gateway *g = &s->gateways[s->gateway_count];
			TAKE(&value, g->address);
			TAKE(&value, g->origin);
		}
		s->gateway_count++;
	}
}

#define RECORD struct nic_record
#define TOLD   struct nic_told
const struct record_field nic_fields[] = RECORD_TABLE(NIC_KEYS);

void nic_record_read(
	struct nic_record *s, const char *ifname, const struct record_view *v, enum record_status status)
{
	bool read = record_read_fields(s, sizeof(*s), nic_fields, v, status);
	COPY(s->ifname, ifname);
	s->up = strcmp(s->link, "up") == 0;
	if (read)
		read_addresses(s, v);
}

void nic_record_write(struct record *r, const struct nic_told *told)
{
	record_write_fields(r, told, nic_fields);
}

bool nic_address_held(const struct nic_address *a, int64_t now_ms)
{
	return a->expires_ms > now_ms && strstr(a->flags, "tentative") == NULL &&
	       strstr(a->flags, "dadfailed") == NULL;
}

bool nic_address_usable(const struct nic_address *a, int64_t now_ms)
{
	return nic_address_held(a, now_ms) && strcmp(a->origin, origin_words[ORIGIN_LINK_LOCAL]) != 0;
}

bool nic_usable(const struct nic_record *n, int64_t now_ms)
{
	for (unsigned i = 0; i < n->address_count && i < ADDRESSES_MAX; i++)
		if (nic_address_usable(&n->addresses[i], now_ms))
			return n->up;
	return false;
}

bool nic_is_off(const struct nic_record *n)
{
	return strcmp(n->dhcp4, "off") == 0 && strcmp(n->ra, "off") == 0;
}
