/* A line of ntpd's is refused and changes nothing, or what was read, written again, is the line. */
#include <inttypes.h>

#include "clock/report.h"
#include "fuzz.h"

static const char *const actions[REPORT_ACTION_COUNT] = {"step", "stratum", "periodic", "unsync"};

static void check(const struct report *r, const char *line, size_t length)
{
	char again[REPORT_LINE_MAX + 64], text[REPORT_LINE_MAX];
	int64_t us = r->offset_us < 0 ? -r->offset_us : r->offset_us;
	must(r->stratum <= REPORT_STRATUM_NONE && us <= INT64_C(10000000000999999));
	must(is_printable(r->peer) && strchr(r->peer, ' ') == NULL &&
		strlen(r->peer) < REPORT_PEER_BYTES_MAX);
	snprintf(again, sizeof(again), "%s %u %s%" PRId64 ".%06" PRId64 " %s", actions[r->action], r->stratum,
		r->offset_us < 0 ? "-" : "", us / 1000000, us % 1000000, r->peer);
	struct report second;
	must(report_parse(&second, again, strlen(again)));
	must(second.action == r->action && second.stratum == r->stratum && second.offset_us == r->offset_us &&
		strcmp(second.peer, r->peer) == 0);
	snprintf(text, sizeof(text), "%.*s", (int)length, line);
	const char *offset = strchr(strchr(text, ' ') + 1, ' ');
	must(r->offset_us == 0 || (offset[1] == '-') == (r->offset_us < 0));
	must(memcmp(line, actions[r->action], strlen(actions[r->action])) == 0);
	must(strlen(r->peer) <= length &&
		memcmp(line + length - strlen(r->peer), r->peer, strlen(r->peer)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct report untouched = {.stratum = 7, .peer = "x"};
	struct report r = untouched;
	char *line = copy_of(data, size, false);
	if (report_parse(&r, line, size))
		check(&r, line, size);
	else
		must(memcmp(&r, &untouched, sizeof(r)) == 0);
	free(line);
	return 0;
}
