#include "resolver.h"

#include "common/text.h"

#define RECORD struct resolver_record
#define TOLD   struct resolver_told
const struct record_field resolver_fields[] = RECORD_TABLE(RESOLVER_KEYS);

void resolver_record_read(struct resolver_record *s, const struct record_view *v, enum record_status status)
{
	const char *value;
	if (!record_read_fields(s, sizeof(*s), resolver_fields, v, status))
		return;
	while ((value = record_get_item(v, LIST_OF(resolver, server), s->server_count + 1)) != NULL) {
		if (s->server_count < SERVERS_MAX) {
			struct server_record *server = &s->servers[s->server_count];
			TAKE(&value, server->address);
			TAKE(&value, server->origin);
			TAKE(&value, server->ifname);
		}
		s->server_count++;
	}
	char search[1024];
	struct text t = TEXT(search);
	for (unsigned i = 1; (value = record_get_item(v, LIST_OF(resolver, search), i)) != NULL; i++) {
		char domain[256];
		TAKE(&value, domain);
		text_add(&t, "%s%s", i > 1 ? " " : "", domain);
	}
	COPY(s->search, search);
}

void resolver_record_write(struct record *r, const struct resolver_told *told)
{
	record_write_fields(r, told, resolver_fields);
}
