/* The parts of the status page that tell of those outside: the syslog collector and the hypervisor. On a
 * small screen only what wants attention. */
#include "layout_blocks.h"

#include <string.h>

#include "verdict.h"

enum { LINE_BYTES_MAX = 640 };

/* "Syslog    sending to udp://192.0.2.9:514, 1204 lines" */
void draw_collector(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms)
{
	const struct collector_state *log = &s->collector;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	text_clear(&t);
	if (log->status != RECORD_READ || log->state[0] == '\0')
		return;
	bool idle = strcmp(log->state, "off") == 0 || strcmp(log->state, "no collector") == 0;
	bool well = idle || strcmp(log->state, "sending") == 0 || strcmp(log->state, "connecting") == 0;
	if (well && log->lost == 0 && !c->roomy)
		return;
	if (log->collector[0] != '\0')
		text_add(&t, " %s", log->collector);
	if (log->error[0] != '\0')
		text_add(&t, ": %s", log->error);
	if (log->sent > 0)
		text_add(&t, ", %lld lines sent", log->sent);
	if (log->lost > 0)
		text_add(&t, ", %lld lost", log->lost);
	canvas_line(c, "Syslog", well ? ATTRIBUTE_NORMAL : ATTRIBUTE_WARN, log->state, line);
}

/* "Agent     connected (qemu), 12 requests, the last guest-ping 3 s ago" */
void draw_agent(struct canvas *c, const struct screen_state *s, unsigned index, int64_t now_ms)
{
	const struct agent_state *agent = &s->agent;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index;
	text_clear(&t);
	bool failed = strcmp(agent->state, "failed") == 0;
	if (agent->status != RECORD_READ || (!failed && !c->roomy))
		return;
	text_add(&t, " (%s)", agent->backend);
	if (agent->error[0] != '\0')
		text_add(&t, ": %s", agent->error);
	text_add(&t, ", %lld request%s", agent->requests, agent->requests == 1 ? "" : "s");
	if (agent->refused > 0)
		text_add(&t, ", %lld refused", agent->refused);
	if (agent->last_request[0] != '\0' && agent->last_request_ms >= 0) {
		text_add(&t, ", the last %s ", agent->last_request);
		text_add_time_left(&t, now_ms, agent->last_request_ms);
		text_add(&t, " ago");
	}
	canvas_line(c, "Agent", failed ? ATTRIBUTE_WARN : ATTRIBUTE_NORMAL, agent->state, line);
}
