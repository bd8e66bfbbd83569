#include "state.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"

bool state_good(const struct state *s)
{
	return s->word == CLOCK_SET || s->word == CLOCK_SYNCHRONISED;
}

bool state_set(struct state *s, enum clock_state word, int64_t now_ms)
{
	if (s->word == word && s->since_ms != 0)
		return false;
	log_info("time servers: %s", clock_state_words[word]);
	s->word = word;
	s->since_ms = now_ms;
	return true;
}

void state_report(struct state *s, const struct report *r, int64_t now_ms)
{
	enum clock_state word = CLOCK_SYNCHRONISED;
	if (r->action == REPORT_STEP)
		word = CLOCK_SET;
	else if (r->action == REPORT_UNSYNC)
		word = CLOCK_LOST;
	else if (r->stratum == REPORT_STRATUM_NONE)
		return; /* "periodic", and nothing new */
	s->last = *r;
	s->told_ms = now_ms;
	s->is_ntps = true;
	state_set(s, word, now_ms);
}

static void add_asked(struct record *r, const char *key, const void *from)
{
	const struct servers *asked = from;
	for (unsigned i = 0; i < asked->count; i++)
		record_add_item(r, key, i + 1, "%s", asked->host[i]);
}

void state_to_record(struct record *r, const struct state *s, const struct servers *asked)
{
	const char *origin = asked->of_setting ? "setting" : "dhcp";
	char offset[24];
	/* A step's offset is that before the step: the next report has what is left. */
	bool kept = s->word == CLOCK_SYNCHRONISED, set = s->word >= CLOCK_SET;
	snprintf(offset, sizeof(offset), "%" PRId64, s->last.offset_us);
	clock_record_write(r, &(struct clock_told){
				      .from = asked,
				      .state = clock_state_words[s->word],
				      .since_ms = s->since_ms,
				      .source = s->is_ntps ? "ntp" : NULL,
				      .server = set ? s->last.peer : NULL,
				      .told_ms = set ? s->told_ms : -1,
				      .stratum = kept ? (int)s->last.stratum : -1,
				      .offset_us = kept ? offset : NULL,
				      .asked_origin = asked->count > 0 ? origin : NULL,
				      .asked_items = add_asked,
			      });
}
