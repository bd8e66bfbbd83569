#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "kvp.h"

/* The driver makes UTF-16 of a value, and leaves room for its end (drivers/hv/hv_kvp.c,
 * kvp_respond_to_host()). */
enum { VALUE_ROOM = HV_KVP_EXCHANGE_MAX_VALUE_SIZE / 2 - 2 };

/* Addresses of all NICs, ";" between them; those that fit. */
static void add_addresses(struct kvp *k, struct text *value, int family)
{
	struct facts *f = k->facts;
	struct facts_address a;
	for (size_t i = 0; i < f->count; i++) {
		if (!facts_nic(f, i))
			continue;
		for (unsigned n = 0; facts_next_address(f, &n, &a);)
			if (a.family == family)
				text_add(value, "%s%s", value->used > 0 ? ";" : "", a.text);
	}
}

static void add_name(struct kvp *k, struct text *value)
{
	facts_full_name(k->facts, value);
}

static void add_driver_version(struct kvp *k, struct text *value)
{
	text_add(value, "%s", k->driver_version);
}

static void add_ipv4(struct kvp *k, struct text *value)
{
	add_addresses(k, value, AF_INET);
}

static void add_ipv6(struct kvp *k, struct text *value)
{
	add_addresses(k, value, AF_INET6);
}

static void add_build(struct kvp *k, struct text *value)
{
	text_add(value, "%s", k->facts->system.release);
}

static void add_system(struct kvp *k, struct text *value)
{
	const char *appliance = facts_appliance(k->facts);
	text_add(value, "Thimble%s%s", appliance[0] != '\0' ? " " : "", appliance);
}

/* The version of Thimble, "MAJOR.MINOR.PATCH". */
static void add_major(struct kvp *k, struct text *value)
{
	(void)k;
	text_add(value, "%.*s", (int)strcspn(THIMBLE_VERSION, "."), THIMBLE_VERSION);
}

static void add_minor(struct kvp *k, struct text *value)
{
	const char *dot = strchr(THIMBLE_VERSION, '.');
	(void)k;
	text_add(value, "%.*s", (int)strcspn(dot + 1, "."), dot + 1);
}

static void add_version(struct kvp *k, struct text *value)
{
	const char *release = k->facts->system.release;
	text_add(value, "%.*s", (int)strcspn(release, "-"), release);
}

static void add_processor(struct kvp *k, struct text *value)
{
	text_add(value, "%s", k->facts->system.machine);
}

/* By the index that the host gives each key (include/uapi/linux/hyperv.h). */
static const struct {
	const char *key;
	void (*add)(struct kvp *, struct text *);
} pairs[] = {
	{"FullyQualifiedDomainName", add_name},
	{"IntegrationServicesVersion", add_driver_version},
	{"NetworkAddressIPv4", add_ipv4},
	{"NetworkAddressIPv6", add_ipv6},
	{"OSBuildNumber", add_build},
	{"OSName", add_system},
	{"OSMajorVersion", add_major},
	{"OSMinorVersion", add_minor},
	{"OSVersion", add_version},
	{"ProcessorArchitecture", add_processor},
};
enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

static void add_value(struct kvp *k, size_t i, __u8 *value)
{
	struct text t = {.data = (char *)value, .size = VALUE_ROOM};
	text_clear(&t);
	facts_begin(k->facts);
	pairs[i].add(k, &t);
}

__u32 kvp_enumerate(struct kvp *k, struct hv_kvp_msg_enumerate *m)
{
	if (m->index >= PAIRS)
		return HV_S_CONT;
	strcpy((char *)m->data.key, pairs[m->index].key);
	add_value(k, m->index, m->data.value);
	return HV_S_OK;
}

__u32 kvp_get_auto(struct kvp *k, const char *key, char value[static HV_KVP_EXCHANGE_MAX_VALUE_SIZE])
{
	for (size_t i = 0; i < PAIRS; i++) {
		if (strcmp(pairs[i].key, key) != 0)
			continue;
		add_value(k, i, (__u8 *)value);
		return HV_S_OK;
	}
	return HV_S_CONT;
}

/* Reads the record of the NIC whose MAC is ID, six pairs of digits with anything between them. */
static bool find_nic(struct facts *f, const char *id, size_t size)
{
	uint8_t mac[6], wanted[6];
	size_t count = 0;
	for (size_t i = 0; i + 1 < size && id[i] != '\0' && count < sizeof(wanted); i++) {
		int high = hex_digit(id[i]), low = hex_digit(id[i + 1]);
		if (high < 0)
			continue;
		if (low < 0)
			return false;
		wanted[count++] = (uint8_t)(high << 4 | low);
		i++;
	}
	for (size_t i = 0; count == sizeof(wanted) && i < f->count; i++)
		if (facts_nic(f, i) && facts_mac(f, mac) && memcmp(mac, wanted, sizeof(mac)) == 0)
			return true;
	return false;
}

static void add_mask(struct text *t, const struct facts_address *a)
{
	char text[INET_ADDRSTRLEN];
	if (a->family == AF_INET6) {
		text_add(t, "/%u", a->prefix_length);
		return;
	}
	uint32_t mask = htonl(a->prefix_length == 0 ? 0 : UINT32_MAX << (32 - a->prefix_length));
	text_add(t, "%s", inet_ntop(AF_INET, &mask, text, sizeof(text)));
}

/* Addresses of LIST in the record that was read, each with a ";" behind it, as the daemon writes these. */
static void add_list(struct text *t, const struct facts *f, const char *list)
{
	char address[INET6_ADDRSTRLEN];
	for (unsigned i = 1; facts_listed_address(f, list, i, address); i++)
		if (address[0] != '\0')
			text_add(t, "%s;", address);
}

/* All addresses that a record has fit, and so do their masks. */
_Static_assert(MAX_IP_ADDR_SIZE >= FACTS_LIST_MAX * INET6_ADDRSTRLEN, "addresses of one NIC");

/* A string of the message: so many UTF-16 units, half of its bytes. */
#define STRING(field) ((struct text){.data = (char *)(field), .size = sizeof(field) / 2})

__u32 kvp_ip_info(struct kvp *k, struct hv_kvp_ipaddr_value *v)
{
	struct facts *f = k->facts;
	struct facts_address a;
	const char *between = "";
	struct text addresses = STRING(v->ip_addr), masks = STRING(v->sub_net),
		    gateways = STRING(v->gate_way), servers = STRING(v->dns_addr);
	facts_begin(f);
	if (!find_nic(f, (const char *)v->adapter_id, sizeof(v->adapter_id)))
		return HV_E_FAIL;
	text_clear(&addresses);
	text_clear(&masks);
	text_clear(&gateways);
	text_clear(&servers);
	v->addr_family = ADDR_FAMILY_NONE;
	for (unsigned n = 0; facts_next_address(f, &n, &a);) {
		text_add(&addresses, "%s%s", between, a.text);
		text_add(&masks, "%s", between);
		add_mask(&masks, &a);
		between = ";";
		v->addr_family |= a.family == AF_INET6 ? ADDR_FAMILY_IPV6 : ADDR_FAMILY_IPV4;
	}
	const char *dhcp = record_get(&f->view, KEY_OF(nic, dhcp4));
	v->dhcp_enabled = dhcp != NULL && strcmp(dhcp, "off") != 0;
	add_list(&gateways, f, "gateway");
	record_read(&f->view, "net", "resolver"); /* empty when there is none */
	add_list(&servers, f, "server");
	return HV_S_OK;
}
