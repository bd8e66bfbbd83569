#include "resolver.h"

#include <string.h>

#include "common/text.h"

void resolver_record_read(struct resolver_record *s, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	if (status != RECORD_READ)
		return;
	const char *value;
	while ((value = record_get_item(v, "server", s->server_count + 1)) != NULL) {
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
	for (unsigned i = 1; (value = record_get_item(v, "search", i)) != NULL; i++) {
		char domain[256];
		TAKE(&value, domain);
		text_add(&t, "%s%s", i > 1 ? " " : "", domain);
	}
	COPY(s->search, search);
	COPY(s->trust, record_get(v, "trust"));
}
