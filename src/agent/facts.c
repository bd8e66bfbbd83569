#include "facts.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/ip.h"
#include "common/loop.h" /* now_ms */
#include "common/net_text.h"
#include "records/nic.h"
#include "records/resolver.h"
#include "records/system.h"

void facts_begin(struct facts *f)
{
	uname(&f->system);
	size_t count = record_list("net", f->names, NICS_MAX);
	f->count = count < NICS_MAX ? count : NICS_MAX;
}

bool facts_nic(struct facts *f, size_t i)
{
	return strcmp(f->names[i], "resolver") != 0 && record_read(&f->view, "net", f->names[i]) == 0;
}

static bool parse_origin(enum facts_origin *origin, const char *word)
{
	static const char *const words[] = {
		[FACTS_DHCP] = "dhcp",
		[FACTS_SLAAC] = "slaac",
		[FACTS_STATIC] = "static",
		[FACTS_LINK_LOCAL] = "link-local",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*origin = (enum facts_origin)i;
		return true;
	}
	return false;
}

static bool take_address(struct facts_address *a, struct nic_address *told)
{
	uint64_t prefix_length;
	char *slash = strchr(told->address, '/');
	a->family = strchr(told->address, ':') != NULL ? AF_INET6 : AF_INET;
	if (slash == NULL || !parse_number(slash + 1, 0, ip_bits(a->family), &prefix_length))
		return false;
	*slash = '\0';
	a->prefix_length = (unsigned)prefix_length;
	a->deprecated = strstr(told->flags, "deprecated") != NULL;
	return parse_origin(&a->origin, told->origin) && inet_pton(a->family, told->address, a->bytes) == 1 &&
	       inet_ntop(a->family, a->bytes, a->text, sizeof(a->text)) != NULL;
}

bool facts_next_address(const struct facts *f, unsigned *index, struct facts_address *a)
{
	const char *value;
	while (*index < FACTS_LIST_MAX &&
		(value = record_get_item(&f->view, LIST_OF(nic, address), ++*index)) != NULL) {
		struct nic_address told;
		if (nic_address_parse(&told, value) && nic_address_held(&told, now_ms()) &&
			take_address(a, &told))
			return true;
	}
	return false;
}

bool facts_mac(const struct facts *f, uint8_t mac[static 6])
{
	const char *text = record_get(&f->view, KEY_OF(nic, mac));
	if (text == NULL || strlen(text) != 17)
		return false;
	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
		if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool facts_listed_address(
	const struct facts *f, const char *list, unsigned index, char address[static INET6_ADDRSTRLEN])
{
	const char *value = index > FACTS_LIST_MAX ? NULL : record_get_item(&f->view, list, index);
	uint8_t bytes[16];
	if (value == NULL)
		return false;
	char *scope;
	take_word(&value, address, INET6_ADDRSTRLEN);
	if ((scope = strchr(address, '%')) != NULL)
		*scope = '\0';
	if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1)
		address[0] = '\0';
	return true;
}

void facts_full_name(struct facts *f, struct text *name)
{
	char domain[HOST_BYTES_MAX];
	text_add(name, "%s", f->system.nodename);
	record_read(&f->view, "net", "resolver"); /* empty when there is none */
	const char *value = record_get_item(&f->view, LIST_OF(resolver, search), 1);
	if (strchr(f->system.nodename, '.') != NULL || value == NULL)
		return;
	TAKE(&value, domain);
	if (host_name_valid(domain, strlen(domain)))
		text_add(name, ".%s", domain);
}

const char *facts_appliance(struct facts *f)
{
	record_read(&f->view, "init", "system");
	const char *name = record_get(&f->view, KEY_OF(system, appliance));
	for (const char *c = name; c != NULL && *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return "";
	return name != NULL && strlen(name) < RECORD_NAME_MAX ? name : "";
}

void facts_main_address(struct facts *f, char address[static INET6_ADDRSTRLEN])
{
	struct facts_address a;
	int found = AF_UNSPEC;
	address[0] = '\0';
	for (size_t i = 0; i < f->count && found != AF_INET; i++) {
		if (!facts_nic(f, i))
			continue;
		for (unsigned n = 0; found != AF_INET && facts_next_address(f, &n, &a);) {
			if (a.origin == FACTS_LINK_LOCAL || (found == AF_INET6 && a.family == AF_INET6))
				continue;
			found = a.family;
			memcpy(address, a.text, sizeof(a.text));
		}
	}
}
