#include "state.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"

static const char *const words[STATE_COUNT] = {
	[STATE_OFF] = "off",
	[STATE_NO_SERVERS] = "no servers",
	[STATE_NO_ADDRESS] = "no address",
	[STATE_ASKING] = "asking",
	[STATE_SET] = "set",
	[STATE_SYNCHRONISED] = "synchronised",
	[STATE_LOST] = "lost",
};

bool state_good(const struct state *s)
{
	return s->word == STATE_SET || s->word == STATE_SYNCHRONISED;
}

bool state_set(struct state *s, enum state_word word, int64_t now_ms)
{
	if (s->word == word && s->since_ms != 0)
		return false;
	log_info("time servers: %s", words[word]);
	s->word = word;
	s->since_ms = now_ms;
	return true;
}

void state_report(struct state *s, const struct report *r, int64_t now_ms)
{
	enum state_word word = STATE_SYNCHRONISED;
	if (r->action == REPORT_STEP)
		word = STATE_SET;
	else if (r->action == REPORT_UNSYNC)
		word = STATE_LOST;
	else if (r->stratum == REPORT_STRATUM_NONE)
		return; /* "periodic", and nothing new */
	s->last = *r;
	s->told_ms = now_ms;
	s->is_ntps = true;
	state_set(s, word, now_ms);
}

void state_to_record(struct record *r, const struct state *s, const struct servers *asked)
{
	char key[RECORD_NAME_MAX];
	record_begin(r);
	record_add(r, "state", "%s", words[s->word]);
	record_add(r, "since_ms", "%" PRId64, s->since_ms);
	if (s->is_ntps)
		record_add(r, "source", "ntp");
	if (s->word >= STATE_SET) {
		record_add(r, "server", "%s", s->last.peer);
		record_add(r, "told_ms", "%" PRId64, s->told_ms);
	}
	/* A step's offset is that before the step: the next report has what is left. */
	if (s->word == STATE_SYNCHRONISED) {
		record_add(r, "stratum", "%u", s->last.stratum);
		record_add(r, "offset_us", "%" PRId64, s->last.offset_us);
	}
	if (asked->count > 0)
		record_add(r, "asked_origin", "%s", asked->of_setting ? "setting" : "dhcp");
	for (unsigned i = 0; i < asked->count; i++) {
		snprintf(key, sizeof(key), "asked.%u", i + 1);
		record_add(r, key, "%s", asked->host[i]);
	}
}
