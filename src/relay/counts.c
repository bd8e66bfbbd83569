#include "counts.h"

const char *const refusal_words[] = {
	[REFUSED_NOT_ALLOWED] = "not in relay.allow",
	[REFUSED_FULL] = "relay.max-connections are open",
	[REFUSED_CLIENT_FULL] = "relay.max-connections-per-client of it are open",
	[REFUSED_NO_UPSTREAM] = "no upstream is set",
	[REFUSED_GUARD] = "relay.guard",
	[REFUSED_FIRST_BYTE] = "its first bytes did not come in time",
	[REFUSED_MEMORY] = "out of memory",
	[CLOSED_IDLE] = "idle",
	[CLOSED_SESSION_TIME] = "open for relay.max-session-s",
	[CLOSED_GAVE_WAY] = "gave way to a newer connection",
};
_Static_assert(sizeof(refusal_words) / sizeof(refusal_words[0]) == REFUSAL_COUNT, "words for each");

uint64_t counts_refused(const struct counts *c)
{
	uint64_t sum = 0;
	for (int kind = 0; kind < CLOSED_IDLE; kind++)
		sum += c->of[kind];
	return sum;
}
