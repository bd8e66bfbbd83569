#include "report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

static const char writer[] = "resolver", name[] = "upstreams";

static void tell_source(struct record *r, const char *key, const struct source *s)
{
	bool shows_name = s->state == SOURCE_OK && s->service && s->relative;
	const char *words = shows_name ? s->asked : s->words;
	record_add_item(r, key, s->number, "%s%s%s", source_state_words[s->state],
		words[0] != '\0' ? " " : "", words);
	if (s->target_count > 0 && s->service)
		upstreams_add_asked(r, s->number, s->asked);
}

static void add_sources(struct record *r, const char *key, const void *from)
{
	const struct sources *all = from;
	for (size_t i = 0; i < all->count; i++)
		tell_source(r, key, all->list[i]);
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

static void add_target(struct record *r, const char *key, unsigned number, const struct source *s,
	const struct target *target)
{
	char addresses[ADDRESSES_MAX * INET6_ADDRSTRLEN];
	struct text a = TEXT(addresses);
	add_addresses(&a, target);
	record_add_item(r, key, number, "%u %u %u %u %s %" PRId64 " %s", s->number, target->priority,
		target->weight, target->port, target->host, source_expires_ms(s, target), addresses);
}

/* Adds each target that has a place to R, if there is one: each source's best target has a place reserved,
 * whatever the sources before it bring. Returns how many targets and addresses have none. */
static unsigned add_targets_and_count(struct record *r, const char *key, const struct sources *all)
{
	unsigned number = 0, left_out = 0, reserved = 0;
	for (size_t i = 0; i < all->count; i++)
		reserved += all->list[i]->target_count > 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct source *s = all->list[i];
		reserved -= s->target_count > 0;
		unsigned room = TARGETS_MAX - number - reserved;
		unsigned count = s->target_count < room ? s->target_count : room;
		for (unsigned j = 0; j < count; j++) {
			number++;
			if (r != NULL)
				add_target(r, key, number, s, &s->targets[j]);
		}
		left_out += s->left_out + s->target_count - count;
	}
	return left_out;
}

static void add_targets(struct record *r, const char *key, const void *from)
{
	add_targets_and_count(r, key, from);
}

void report_make(struct record *r, const struct sources *all, const char *setting)
{
	upstreams_record_write(r, &(struct upstreams_told){
					  .from = all,
					  .setting = setting,
					  .source_items = add_sources,
					  .target_items = add_targets,
					  .left_out = add_targets_and_count(NULL, NULL, all),
				  });
}

bool report_is_for(const char *setting)
{
	static struct record_view view;
	struct upstreams_record told;
	upstreams_record_read(&told, &view, record_load(&view, writer, name));
	return told.status == RECORD_READ && strcmp(told.setting, setting) == 0;
}

int report_write(const struct sources *all, const char *setting)
{
	static struct record r;
	report_make(&r, all, setting);
	return record_commit(&r, writer, name);
}
