#include "places.h"

#include "session.h"

enum {
	TIME_TO_SPEAK_MS = 1000,
	LOOKED_AT_MAX = 16,
	QUIET_MS = 10000, /* more than FRESH_MS, in which bytes pass unnoticed */
};

static bool has_spoken(const struct session *s)
{
	return s->bytes_up + s->bytes_down > 0;
}

static bool had_time_to_speak(const struct session *s)
{
	return now_ms() - s->accepted_ms >= TIME_TO_SPEAK_MS;
}

/* The oldest session that has said nothing; NULL: none. In GUARD and SILENT nobody has; of the FRESH ones the
 * first few are looked at, once they have had the time to say something. */
static struct session *find_silent(struct sessions *all)
{
	static const enum session_state states_of_silence[] = {SESSION_GUARD, SESSION_SILENT, SESSION_FRESH};
	struct session *oldest = NULL;
	for (size_t i = 0; i < sizeof(states_of_silence) / sizeof(states_of_silence[0]); i++) {
		struct expiry *list = &all->in_state[states_of_silence[i]];
		struct expiry_entry *e = expiry_first(list);
		for (unsigned n = 0; n < LOOKED_AT_MAX && e != NULL && e != &list->head; n++, e = e->next) {
			struct session *s = container_of(e, struct session, expiry);
			if (s->state == SESSION_FRESH && (has_spoken(s) || !had_time_to_speak(s)))
				continue;
			if (oldest == NULL || s->accepted_ms < oldest->accepted_ms)
				oldest = s;
			break;
		}
	}
	return oldest;
}

/* S when neither side has sent anything for so long that others come first; else NULL. */
static struct session *if_quiet(struct session *s)
{
	int64_t entered_ms = s->expiry.deadline_ms - s->all->in_state[s->state].period_ms;
	bool silent = s->state == SESSION_GUARD || s->state == SESSION_SILENT;
	return now_ms() - entered_ms >= QUIET_MS || (silent && had_time_to_speak(s)) ? s : NULL;
}

/* With all places taken and HELD of them by the newcomer's client. docs/relay.md draws this. */
static struct session *choose_of_all(struct sessions *all, size_t held)
{
	bool far;
	struct session *silent = find_silent(all);
	if (silent != NULL && had_time_to_speak(silent))
		return silent;
	struct ring *first = clients_greatest(&all->clients, held, &far);
	struct session *greatest = first != NULL ? container_of(first, struct session, place) : NULL;
	if (greatest != NULL && far)
		return greatest;
	/* One that has just come does not give way to a client that holds more. */
	if (silent != NULL && silent->holder->session_count >= held)
		return silent;
	return greatest != NULL ? if_quiet(greatest) : NULL;
}

bool place_is_free(
	struct sessions *all, const struct in6_addr *address, struct session **older, enum refusal *limit)
{
	const struct client *client = clients_find(&all->clients, address);
	size_t held = client != NULL ? client->session_count : 0;
	*older = NULL;
	if (held > 0 && held >= all->max_per_client) {
		*limit = REFUSED_CLIENT_FULL;
		*older = if_quiet(container_of(client->sessions.next, struct session, place));
		return false;
	}
	if (all->count >= all->max) {
		*limit = REFUSED_FULL;
		*older = choose_of_all(all, held);
		return false;
	}
	return true;
}
