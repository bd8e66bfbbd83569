#include "link.h"

#include <string.h>

#include "common/text.h"

static void add_link_line(struct link_record *s, const char *lead, const char *value, const char *end)
{
	if (s->count < LINK_LINES_MAX) {
		char line[256];
		struct text t = TEXT(line);
		text_add(&t, "%s%.*s%s", lead, 200, value, end);
		COPY(s->lines[s->count], line);
	}
	s->count++;
}

void link_record_read(struct link_record *s, const struct record_view *v, enum record_status status)
{
	const char *value;
	memset(s, 0, sizeof(*s));
	if (status == RECORD_UNREADABLE)
		add_link_line(s, "the record link/state is unreadable", "", "");
	if (status != RECORD_READ)
		return;
	for (unsigned i = 1; (value = record_get_item(v, "problem", i)) != NULL; i++)
		add_link_line(s, "", value, "");
	for (unsigned i = 1; (value = record_get_item(v, "waiting", i)) != NULL; i++)
		add_link_line(s, "ip: no NIC ", value, " yet");
}
