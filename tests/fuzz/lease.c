/* What net takes from dhcpcd's events, whatever stands in them: lists hold no more than their place, only
 * addresses that can be used and names that are host names, and what runs out goes.
 *
 * An input is events, each ended by an empty string, with one second between them. */
#include "net/lease.h"

#include "common/net_text.h"
#include "fuzz.h"

static void check_list(const struct ip_list *list)
{
	must(list->count <= LEASE_SERVERS_MAX);
	for (unsigned i = 0; i < list->count; i++)
		must(ip_is_usable(&list->ip[i]));
}

static void check_name(const char *name)
{
	must(strlen(name) < HOST_BYTES_MAX && host_name_valid(name, strlen(name)) && is_printable(name));
}

static void check_lease(const struct lease *l, int64_t now_ms)
{
	must(l->word < WORD_COUNT && client_words[l->word] != NULL);
	must(l->address_count <= LEASE_ADDRESSES_MAX);
	check_list(&l->dns);
	check_list(&l->ntp);
	check_list(&l->log);
	must(l->search.count <= LEASE_DOMAINS_MAX);
	for (unsigned i = 0; i < l->search.count; i++)
		check_name(l->search.name[i]);
	must(memchr(l->host_name, '\0', sizeof(l->host_name)) != NULL); /* as it came: init judges it */
	must(!l->held || l->expires_ms > now_ms);
}

static void check_ra(const struct ra *ra, int64_t now_ms)
{
	must(ra->word < WORD_COUNT && ra->address_count <= RA_ADDRESSES_MAX &&
		ra->entry_count <= RA_ENTRIES_MAX);
	for (unsigned i = 0; i < ra->entry_count; i++) {
		const struct ra_entry *entry = &ra->entry[i];
		must(entry->expires_ms > now_ms);
		if (entry->domain[0] != '\0')
			check_name(entry->domain);
		else
			must(ip_is_usable(&entry->server));
	}
}

/* The length of the event at BYTES: up to the first empty string, or all of them. */
static size_t event_length(const char *bytes, size_t size)
{
	for (size_t at = 0; at + 1 < size; at++)
		if (bytes[at] == '\0' && bytes[at + 1] == '\0')
			return at + 1;
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct leases l;
	int64_t now_ms = 0;
	char *bytes = copy_of(data, size, true);

	l = (struct leases){0};
	for (size_t at = 0; at < size; now_ms += 1000) {
		size_t length = event_length(bytes + at, size - at + 1);
		char *copy = copy_of(bytes + at, length, false);
		struct event e = {.data = copy, .bytes = length};
		must(copy[length - 1] == '\0');
		leases_apply(&l, &e, now_ms);
		leases_expire(&l, now_ms);
		check_lease(&l.dhcp4, now_ms);
		check_lease(&l.dhcp6, now_ms);
		check_ra(&l.ra, now_ms);
		free(copy);
		at += length + 1;
	}
	leases_expire(&l, FOREVER);
	must(!l.dhcp4.held && !l.dhcp6.held && l.ra.entry_count == 0);
	free(bytes);
	return 0;
}
