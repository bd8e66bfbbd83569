#include "link.h"

#include <string.h>

#include "common/text.h"

static const char waiting[] = "waiting", problem[] = "problem", mtu_before[] = "mtu_before";

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
	for (unsigned i = 1; (value = record_get_item(v, problem, i)) != NULL; i++)
		add_link_line(s, "", value, "");
	for (unsigned i = 1; (value = record_get_item(v, waiting, i)) != NULL; i++)
		add_link_line(s, "ip: no NIC ", value, " yet");
}

void link_record_add_waiting(struct record *r, unsigned number, const char *nic)
{
	record_add_item(r, waiting, number, "%s", nic);
}

void link_record_add_problem(struct record *r, unsigned number, const char *words)
{
	record_add_item(r, problem, number, "%s", words);
}

void link_record_add_mtu_before(struct record *r, int ifindex, uint32_t mtu)
{
	record_add_item(r, mtu_before, (unsigned)ifindex, "%u", mtu);
}

void link_record_end(struct record *r, unsigned problem_count)
{
	record_add(r, "problems", "%u", problem_count);
}

uint32_t link_mtu_before_read(const struct record_view *v, int ifindex)
{
	const char *value = record_get_item(v, mtu_before, (unsigned)ifindex);
	uint64_t mtu;
	return value != NULL && parse_number(value, 1, UINT32_MAX, &mtu) ? (uint32_t)mtu : 0;
}
