#include "report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

static const char writer[] = "resolver", name[] = "upstreams";

static void report_source(struct record *r, const struct source *s)
{
	char key[RECORD_NAME_MAX];
	struct text k = TEXT(key);
	bool shows_name = s->state == SOURCE_OK && s->service && s->relative;
	const char *words = shows_name ? s->asked : s->words;
	text_add(&k, "source.%u", s->number);
	record_add(r, key, "%s%s%s", source_state_name(s->state), words[0] != '\0' ? " " : "", words);
	if (s->target_count == 0 || !s->service)
		return;
	text_clear(&k);
	text_add(&k, "asked.%u", s->number);
	record_add(r, key, "%s", s->asked);
}

static void add_addresses(struct text *t, const struct target *target)
{
	for (unsigned i = 0; i < target->address_count; i++) {
		const struct in6_addr *a = &target->address[i];
		bool ipv4 = IN6_IS_ADDR_V4MAPPED(a);
		char address[INET6_ADDRSTRLEN];
		inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? &a->s6_addr[12] : (const void *)a, address,
			sizeof(address));
		text_add(t, "%s%s", i > 0 ? "," : "", address);
	}
	if (target->address_count == 0)
		text_add(t, "-");
}

static void add_target(struct record *r, unsigned number, const struct source *s, const struct target *target)
{
	char key[RECORD_NAME_MAX], addresses[ADDRESSES_MAX * INET6_ADDRSTRLEN];
	struct text k = TEXT(key), a = TEXT(addresses);
	text_add(&k, "target.%u", number);
	add_addresses(&a, target);
	record_add(r, key, "%u %u %u %u %s %" PRId64 " %s", s->number, target->priority, target->weight,
		target->port, target->host, source_expires_ms(s, target), addresses);
}

/* Each source's best target has a place reserved, whatever the sources before it bring. */
void report_make(struct record *r, const struct sources *all, const char *setting)
{
	unsigned number = 0, left_out = 0, reserved = 0;
	record_begin(r);
	record_add(r, "setting", "%s", setting);
	for (size_t i = 0; i < all->count; i++) {
		report_source(r, all->list[i]);
		reserved += all->list[i]->target_count > 0;
	}
	for (size_t i = 0; i < all->count; i++) {
		const struct source *s = all->list[i];
		reserved -= s->target_count > 0;
		unsigned room = TARGETS_MAX - number - reserved;
		unsigned count = s->target_count < room ? s->target_count : room;
		for (unsigned j = 0; j < count; j++)
			add_target(r, ++number, s, &s->targets[j]);
		left_out += s->left_out + s->target_count - count;
	}
	record_add(r, "left_out", "%u", left_out);
}

bool report_is_for(const char *setting)
{
	static struct record_view view;
	const char *value = record_read(&view, writer, name) < 0 ? NULL : record_get(&view, "setting");
	return value != NULL && strcmp(value, setting) == 0;
}

int report_write(const struct sources *all, const char *setting)
{
	static struct record r;
	report_make(&r, all, setting);
	return record_commit(&r, writer, name);
}
