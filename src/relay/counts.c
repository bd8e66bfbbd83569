#include "counts.h"

const struct count_words count_words[] = {
	[REFUSED_NOT_ALLOWED] = {"refused_not_allowed", "not in relay.allow"},
	[REFUSED_FULL] = {"refused_full", "relay.max-connections are open"},
	[REFUSED_CLIENT_FULL] = {"refused_client_full", "relay.max-connections-per-client of it are open"},
	[REFUSED_NO_UPSTREAM] = {"refused_no_upstream", "no upstream is set"},
	[REFUSED_GUARD] = {"refused_guard", "relay.guard"},
	[REFUSED_FIRST_BYTE] = {"refused_first_byte", "its first bytes did not come in time"},
	[REFUSED_MEMORY] = {"refused_memory", "out of memory"},
	[CLOSED_IDLE] = {"closed_idle", "idle"},
	[CLOSED_SESSION_TIME] = {"closed_session_time", "open for relay.max-session-s"},
};
_Static_assert(sizeof(count_words) / sizeof(count_words[0]) == COUNT_KINDS, "words for each count");

uint64_t counts_refused(const struct counts *c)
{
	uint64_t sum = 0;
	for (int kind = 0; kind < REFUSED_KINDS; kind++)
		sum += c->of[kind];
	return sum;
}
