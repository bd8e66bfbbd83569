/* The part of the status page that tells who is told: the collector of the log's lines, the hypervisor. */
#include <string.h>

#include "layout_blocks.h"

enum { LINE_BYTES_MAX = 512 };

/* A line in two parts: a word for its state, and the rest. */
struct report {
	char lead[64], rest[LINE_BYTES_MAX];
	enum attribute attribute;
};

static bool is_word(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* False: there is nothing to tell. */
static bool report_syslog(struct report *r, const struct syslog_state *s)
{
	struct text lead = TEXT(r->lead), rest = TEXT(r->rest);
	if (!syslog_wanted(s))
		return false;
	text_clear(&lead);
	text_clear(&rest);
	bool sending = is_word(s->state, "sending", "connecting");
	text_add(&lead, "%s", s->state);
	text_add(&rest, "%s %s (%s), %lld lines", sending ? " to" : ":", s->collector, s->origin, s->sent);
	if (s->lost > 0)
		text_add(&rest, ", %lld lost", s->lost);
	if (!sending && s->error[0] != '\0')
		text_add(&rest, ": %s", s->error);
	r->attribute = !sending ? ATTRIBUTE_WARN : s->lost > 0 ? ATTRIBUTE_NORMAL : ATTRIBUTE_GOOD;
	return true;
}

static bool report_agent(struct report *r, const struct agent_state *s)
{
	struct text lead = TEXT(r->lead), rest = TEXT(r->rest);
	if (s->status != RECORD_READ || s->backend[0] == '\0')
		return false;
	text_clear(&lead);
	text_clear(&rest);
	text_add(&lead, "%s", s->backend);
	if (strcmp(s->state, "waiting") == 0)
		text_add(&rest, " has not asked yet");
	else
		text_add(&rest, " %s, %lld request%s", s->state, s->requests, s->requests == 1 ? "" : "s");
	if (s->error[0] != '\0')
		text_add(&rest, ": %s", s->error);
	r->attribute = !is_word(s->state, "connected", "waiting") ? ATTRIBUTE_WARN
		       : strcmp(s->state, "connected") == 0	  ? ATTRIBUTE_GOOD
								  : ATTRIBUTE_NORMAL;
	return true;
}

/* Both in one row where rows are few, it fits, and both are well. */
static bool draw_both(struct canvas *c, const struct report *syslog, const struct report *agent)
{
	char line[2 * LINE_BYTES_MAX];
	struct text rest = TEXT(line);
	text_clear(&rest);
	text_add(&rest, "%s; agent: %s%s", syslog->rest, agent->lead, agent->rest);
	size_t columns = VALUE_COLUMN + strlen(syslog->lead) + rest.used;
	if (c->roomy || columns >= (size_t)c->columns || syslog->attribute == ATTRIBUTE_WARN ||
		agent->attribute == ATTRIBUTE_WARN)
		return false;
	canvas_line(c, "Syslog", syslog->attribute, syslog->lead, line);
	return true;
}

void draw_outside(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms)
{
	struct report syslog, agent;
	(void)index, (void)now_ms;
	bool of_syslog = report_syslog(&syslog, &s->syslog), of_agent = report_agent(&agent, &s->agent);
	if (of_syslog && of_agent && draw_both(c, &syslog, &agent))
		return;
	if (of_syslog)
		canvas_line(c, "Syslog", syslog.attribute, syslog.lead, syslog.rest);
	if (of_agent)
		canvas_line(c, "Agent", agent.attribute, agent.lead, agent.rest);
}
