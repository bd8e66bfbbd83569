/* The part of the status page about the receivers of reports: the log's collector, the hypervisor. */
#include <string.h>

#include "blocks.h"
#include "common/config.h"
#include "verdict.h"

enum { LINE_BYTES_MAX = 512 };

/* A line in two parts: a word for its state, and the rest. */
struct report {
	char lead[64], rest[LINE_BYTES_MAX];
	enum tone tone;
};

static bool is_state(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* False: go on, the record can be read. */
static bool report_unreadable(struct report *r, enum record_status status)
{
	struct text lead = TEXT(r->lead);
	r->rest[0] = '\0';
	r->tone = TONE_WARN;
	text_add(&lead, "its record is unreadable");
	return status == RECORD_UNREADABLE;
}

/* False: there is nothing to show. */
static bool report_syslog(struct report *r, const struct collector_record *s, bool roomy)
{
	struct text lead = TEXT(r->lead), rest = TEXT(r->rest);
	bool wanted = s->collector[0] != '\0', sending = is_state(s->state, "sending", "connecting");
	if (report_unreadable(r, s->status))
		return true;
	if (s->state[0] == '\0' || (!wanted && !roomy))
		return false;
	text_add(&lead, "%s", s->state);
	r->tone = TONE_PLAIN;
	if (!wanted)
		return true;
	text_add(&rest, "%s %s (%s), %lld lines", sending ? " to" : ":", s->collector, s->collector_origin,
		s->sent);
	if (s->lost > 0)
		text_add(&rest, ", %lld lost", s->lost);
	if (!sending && s->error[0] != '\0')
		text_add(&rest, ": %s", s->error);
	r->tone = !sending ? TONE_WARN : s->lost > 0 ? TONE_PLAIN : TONE_GOOD;
	return true;
}

static bool report_agent(struct report *r, const struct agent_record *s, bool roomy, int64_t now_ms)
{
	struct text lead = TEXT(r->lead), rest = TEXT(r->rest);
	bool waiting = strcmp(s->state, agent_state_words[AGENT_WAITING]) == 0,
	     connected = strcmp(s->state, agent_state_words[AGENT_CONNECTED]) == 0;
	if (report_unreadable(r, s->status))
		return true;
	if (s->backend[0] == '\0')
		return false;
	text_add(&lead, "%s", s->backend);
	if (waiting)
		text_add(&rest, " has not asked yet");
	else
		text_add(&rest, " %s, %lld request%s", s->state, s->requests, s->requests == 1 ? "" : "s");
	if (s->refused > 0)
		text_add(&rest, ", %lld refused", s->refused);
	if (s->error[0] != '\0')
		text_add(&rest, ": %s", s->error);
	if (roomy && s->last_request[0] != '\0' && s->last_request_ms >= 0) {
		text_add(&rest, ", the last %s ", s->last_request);
		text_add_time_left(&rest, now_ms, s->last_request_ms);
		text_add(&rest, " ago");
	}
	r->tone = connected ? TONE_GOOD : waiting ? TONE_PLAIN : TONE_WARN;
	return true;
}

static bool runs(const struct status *s, const char *name)
{
	for (unsigned i = 0; i < s->child_count && i < CHILDREN_MAX; i++)
		if (strcmp(s->children[i].name, name) == 0)
			return s->children[i].phase == PHASE_RUNNING;
	return false;
}

/* Whether no client may open the page although no setting says so. */
static bool page_is_closed(const struct status *s, int64_t now_ms)
{
	const char *allow =
		s->settings.status == RECORD_READ
			? record_get(&s->settings.view, config_definitions[CONFIG_STATUS_ALLOW].name)
			: NULL;
	return allow != NULL && strcmp(allow, CONFIG_ON_LINK) == 0 && alone_on_link(s, now_ms);
}

/* "http://192.0.2.77/", and what to set if nobody may open it; otherwise only on a screen with room. */
static bool report_page(struct report *r, const struct status *s, bool roomy, int64_t now_ms)
{
	struct text rest = TEXT(r->rest);
	const struct nic_address *a = first_usable(s, now_ms);
	long long port =
		s->settings.status == RECORD_READ
			? record_get_number(&s->settings.view, config_definitions[CONFIG_STATUS_PORT].name, 0)
			: 0;
	bool closed = page_is_closed(s, now_ms);
	if (a == NULL || port == 0 || !runs(s, "web") || (!roomy && !closed))
		return false;
	bool ipv6 = strchr(a->address, ':') != NULL;
	text_add(&rest, "http://%s%.*s%s", ipv6 ? "[" : "", (int)strcspn(a->address, "/"), a->address,
		ipv6 ? "]" : "");
	if (port != 80)
		text_add(&rest, ":%lld", port);
	text_add(&rest, "/%s", closed ? ", no network is on-link: set status-allow" : "");
	return true;
}

/* Both in one row where rows are few, it fits, and both are well. */
static bool draw_both(struct sheet *sheet, const struct report *syslog, const struct report *agent)
{
	char line[2 * LINE_BYTES_MAX];
	struct text rest = TEXT(line);
	text_add(&rest, "%s; agent: %s%s", syslog->rest, agent->lead, agent->rest);
	size_t columns = VALUE_COLUMN + strlen(syslog->lead) + rest.used;
	if (sheet->roomy || columns >= (size_t)sheet->columns || syslog->tone == TONE_WARN ||
		agent->tone == TONE_WARN)
		return false;
	sheet_line(sheet, "Syslog", syslog->tone, syslog->lead, line);
	return true;
}

void draw_outside(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	struct report syslog, agent, page;
	(void)index;
	bool of_syslog = report_syslog(&syslog, &s->collector, sheet->roomy);
	bool of_agent = report_agent(&agent, &s->agent, sheet->roomy, now_ms);
	if (report_page(&page, s, sheet->roomy, now_ms))
		sheet_line(sheet, "Page", TONE_PLAIN, "", page.rest);
	if (of_syslog && of_agent && draw_both(sheet, &syslog, &agent))
		return;
	if (of_syslog)
		sheet_line(sheet, "Syslog", syslog.tone, syslog.lead, syslog.rest);
	if (of_agent)
		sheet_line(sheet, "Agent", agent.tone, agent.lead, agent.rest);
}
