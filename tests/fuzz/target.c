/* A target in the resolver's record, from any bytes: taken whole or refused, and what is taken, written again
 * and read again, is the same. The resolver talks to strangers, so the relay does not trust what it writes.
 *
 * The first byte of an input says how many items relay.upstream has; the rest is the record's value. */
#include <arpa/inet.h>

#include "fuzz.h"
#include "relay/discovery.h"

static void add_address(struct text *t, const struct address *a, uint16_t port)
{
	char words[INET6_ADDRSTRLEN];
	bool ipv4 = a->any.sa_family == AF_INET;
	must(ipv4 || a->any.sa_family == AF_INET6);
	must(a->bytes == (ipv4 ? sizeof(a->in) : sizeof(a->in6)));
	must(ntohs(ipv4 ? a->in.sin_port : a->in6.sin6_port) == port);
	must(inet_ntop(a->any.sa_family, ipv4 ? (const void *)&a->in.sin_addr : &a->in6.sin6_addr, words,
		     sizeof(words)) != NULL);
	text_add(t, "%s", words);
}

static void check(const struct target *t, size_t item_count)
{
	char written[1024];
	struct text w = TEXT(written);
	struct target again;
	must(t->item < item_count && t->port != 0 && !t->literal && t->address_count <= ADDRESSES_MAX);
	must(host_name_valid(t->host, strlen(t->host)));
	text_add(&w, "%u %u %u %u %s 0 ", t->item + 1u, t->priority, t->weight, t->port, t->host);
	for (unsigned i = 0; i < t->address_count; i++) {
		text_add(&w, i == 0 ? "" : ",");
		add_address(&w, &t->address[i], t->port);
	}
	text_add(&w, t->address_count == 0 ? "-" : "");
	must(!w.overflow && target_parse(&again, written, item_count));
	must(again.item == t->item && again.priority == t->priority && again.weight == t->weight);
	must(again.port == t->port && strcmp(again.host, t->host) == 0);
	must(again.address_count == t->address_count);
	must(memcmp(again.address, t->address, t->address_count * sizeof(t->address[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct target untouched = {.port = 7};
	struct target t = untouched;
	size_t item_count = take_byte(&data, &size) % (ITEMS_MAX + 1);
	char *value = copy_of(data, size, true);
	if (target_parse(&t, value, item_count))
		check(&t, item_count);
	else
		must(memcmp(&t, &untouched, sizeof(t)) == 0);
	free(value);
	return 0;
}
