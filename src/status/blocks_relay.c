/* The parts of the status page about the relay. */
#include "blocks.h"

#include <string.h>

enum {
	LINE_BYTES_MAX = 1024,
	STATE_COLUMNS = 6,    /* of "up", "down" and two spaces */
	LIST_BYTES_MAX = 120, /* of prefixes, before the others are counted */
	LIST_BYTES_WIDE = 240,
};

/* Whether EXTRA bytes more leave the line T in one row. */
static bool fits(const struct sheet *sheet, const struct text *t, size_t extra)
{
	return (int)(t->used + extra) < sheet->columns - VALUE_COLUMN;
}

/* Counts in words, in this order. */
struct refusal_text {
	enum refusal refusal;
	const char *words;
};

static const struct refusal_text refused[] = {
	{REFUSED_NOT_ALLOWED, "not allowed"},
	{REFUSED_GUARD, "by the guard"},
	{REFUSED_FULL, "over the limit"},
	{REFUSED_CLIENT_FULL, "over a client's limit"},
	{REFUSED_NO_UPSTREAM, "without an upstream"},
	{REFUSED_FIRST_BYTE, "too slow to begin"},
	{REFUSED_MEMORY, "for want of memory"},
};
static const struct refusal_text closed[] = {
	{CLOSED_IDLE, "idle"},
	{CLOSED_SESSION_TIME, "too long"},
	{CLOSED_GAVE_WAY, "to let others in"},
};
enum {
	REFUSED_TEXTS = sizeof(refused) / sizeof(refused[0]),
	CLOSED_TEXTS = sizeof(closed) / sizeof(closed[0])
};
_Static_assert(REFUSED_TEXTS + CLOSED_TEXTS == REFUSAL_COUNT, "words for each");

static void add_refusals(
	struct text *t, const struct relay_record *relay, const struct refusal_text *texts, size_t count)
{
	const char *separator = "";
	for (size_t i = 0; i < count; i++) {
		long long number = relay->refusals[texts[i].refusal];
		if (number <= 0)
			continue;
		text_add(t, "%s%lld %s", separator, number, texts[i].words);
		separator = ", ";
	}
}

static void draw_refusals(struct sheet *sheet, const struct relay_record *relay)
{
	char line[LINE_BYTES_MAX], closed_line[LINE_BYTES_MAX];
	struct text t = TEXT(line), more = TEXT(closed_line);
	add_refusals(&t, relay, refused, REFUSED_TEXTS);
	add_refusals(&more, relay, closed, CLOSED_TEXTS);
	const char *label = t.used > 0 ? "Refused" : "Closed";
	if (more.used > 0)
		text_add(&t, "%s%s", t.used > 0 ? "; closed: " : "", closed_line);
	if (t.used > 0)
		sheet_line(sheet, label, TONE_PLAIN, "", line);
}

void draw_relay(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct relay_record *relay = &s->relay;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	if (relay->status == RECORD_UNREADABLE) {
		sheet_line(sheet, "Relay", TONE_BAD, "its record is unreadable", "");
		return;
	}
	/* The record of a relay that is gone is out of date. */
	if (!relay_told(s)) {
		sheet_line(sheet, "Relay", TONE_WARN, "not running", "");
		return;
	}
	bool ready = strcmp(relay->state, relay_state_words[RELAY_READY]) == 0;
	if (relay->connections_now >= 0)
		text_add(&t, ", %lld connection%s now", relay->connections_now,
			relay->connections_now == 1 ? "" : "s");
	if (relay->connections_max > 0)
		text_add(&t, " of %lld", relay->connections_max);
	if (relay->connections_total >= 0)
		text_add(&t, ", %lld in all", relay->connections_total);
	text_add(&t, ", %lld refused, %lld failed", relay->connections_refused, relay->connections_failed);
	sheet_line(sheet, "Relay", ready ? TONE_GOOD : TONE_BAD, relay->state, line);
	if (!ready && relay->hint[0] != '\0' && relay->upstream_count + relay->source_count > 0)
		sheet_line(sheet, "", TONE_BAD, relay->hint, "");
	draw_refusals(sheet, relay);
}

/* Columns of the longest state, so that what follows aligns. */
static int state_columns(const struct relay_record *relay)
{
	size_t longest = STATE_COLUMNS - 2;
	for (unsigned i = 0; i < relay->upstream_count && i < UPSTREAMS_MAX; i++) {
		size_t length = strlen(relay->upstreams[i].state);
		longest = length > longest ? length : longest;
	}
	for (unsigned i = 0; i < relay->source_count; i++) {
		size_t length = source_flawed(&relay->sources[i]) ? strlen(relay->sources[i].state) : 0;
		longest = length > longest ? length : longest;
	}
	return (int)longest + 2;
}

/* Adds the number of US microseconds for people and returns its unit. */
static const char *add_time_number(struct text *t, long long us)
{
	static const struct {
		long long below_us, unit_us;
		const char *unit;
	} scales[] = {{1000000, 1000, " ms"}, {100000000, 1000000, " s"}};
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		long long unit = scales[i].unit_us, whole = us / unit, hundredths = us % unit / (unit / 100);
		if (us >= scales[i].below_us)
			continue;
		if (whole >= 10 || hundredths == 0 || (whole > 0 && hundredths < 10))
			text_add(t, "%lld", whole);
		else if (whole > 0 || hundredths % 10 == 0)
			text_add(t, "%lld.%lld", whole, hundredths / 10);
		else
			text_add(t, "0.%02lld", hundredths);
		return scales[i].unit;
	}
	text_add_duration(t, (uint64_t)us / 1000000);
	return "";
}

/* "connect 0.5/2 ms" */
static void add_times(struct text *t, const char *what, long long p50_us, long long p99_us)
{
	char half[64], most[64];
	struct text h = TEXT(half), m = TEXT(most);
	if (p50_us < 0 || p99_us < 0)
		return;
	const char *half_unit = add_time_number(&h, p50_us), *unit = add_time_number(&m, p99_us);
	text_add(t, "%s%s %s%s/%s%s", t->used > 0 ? ", " : "", what, half, half_unit == unit ? "" : half_unit,
		most, unit);
}

void draw_upstream(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct relay_record *relay = &s->relay;
	const struct upstream_record *u = &relay->upstreams[index];
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)now_ms;
	bool up = strcmp(u->state, upstream_state_words[UPSTREAM_UP]) == 0,
	     down = strcmp(u->state, upstream_state_words[UPSTREAM_DOWN]) == 0;
	text_add(&t, "%*s%s", state_columns(relay) - (int)strlen(u->state), "", u->endpoint);
	if (!up && !down)
		text_add(&t, " (not tried yet)");
	if (u->words[0] != '\0')
		text_add(&t, ": %s", u->words);
	if (up && u->connect_us >= 0) {
		text_add(&t, ", ");
		const char *unit = add_time_number(&t, u->connect_us);
		text_add(&t, "%s", unit);
	}
	/* Shown once for all upstreams of one source. */
	bool first = index == 0 || index == UPSTREAMS_FIRST || strcmp(u->source, u[-1].source) != 0;
	bool found = strncmp(u->source, "srv:", 4) == 0;
	static const char from[] = ", from ";
	if (first && found) {
		bool room = fits(sheet, &t, strlen(u->state) + strlen(from) + strlen(u->source));
		text_add(&t, "%s%s", room ? from : ", ", u->source);
	} else if (first && sheet->columns >= WIDE_COLUMNS && u->source[0] != '\0') {
		text_add(&t, ", from relay.upstream");
	}
	enum tone a = up ? TONE_GOOD : down ? TONE_BAD : TONE_STRONG;
	sheet_line(sheet, index == 0 || index == UPSTREAMS_FIRST ? "Upstream" : "", a, u->state, line);
}

static bool is_first_source(const struct relay_record *relay, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (source_flawed(&relay->sources[i]))
			return false;
	return relay->upstream_count == 0;
}

void draw_source(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct relay_record *relay = &s->relay;
	const struct source_record *source = &relay->sources[index];
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)now_ms;
	bool failed = strcmp(source->state, source_state_words[SOURCE_FAILED]) == 0,
	     stale = strcmp(source->state, source_state_words[SOURCE_STALE]) == 0;
	bool waiting = strcmp(source->state, source_state_words[SOURCE_WAITING]) == 0;
	text_add(&t, "%*s%s", state_columns(relay) - (int)strlen(source->state), "", source->item);
	if (source->words[0] != '\0')
		text_add(&t, ": %s", source->words);
	else if (waiting)
		text_add(&t, ": no answer from DNS yet");
	static const char kept[] = "; its last answer stays in force";
	if (stale && fits(sheet, &t, strlen(source->state) + strlen(kept)))
		text_add(&t, "%s", kept);
	sheet_line(sheet, is_first_source(relay, index) ? "Upstream" : "", failed ? TONE_BAD : TONE_WARN,
		source->state, line);
}

/* "14 more below (2 up, 12 down)" */
static void add_upstreams_below(struct text *t, const struct relay_record *relay)
{
	unsigned up = 0, down = 0, kept = relay->upstream_count;
	if (kept > UPSTREAMS_MAX)
		kept = UPSTREAMS_MAX;
	if (kept <= UPSTREAMS_FIRST)
		return;
	for (unsigned i = UPSTREAMS_FIRST; i < kept; i++) {
		up += strcmp(relay->upstreams[i].state, upstream_state_words[UPSTREAM_UP]) == 0;
		down += strcmp(relay->upstreams[i].state, upstream_state_words[UPSTREAM_DOWN]) == 0;
	}
	text_add(t, "%u more at the end of this list (%u up, %u down)", kept - UPSTREAMS_FIRST, up, down);
}

/* Upstreams that have no line above, and hints. */
void draw_upstreams_rest(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct relay_record *relay = &s->relay;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	add_upstreams_below(&t, relay);
	if (relay->upstream_count > UPSTREAMS_MAX)
		text_add(&t, "%s%u more upstreams are not shown", t.used > 0 ? "; " : "",
			relay->upstream_count - UPSTREAMS_MAX);
	if (relay->upstreams_left_out > 0)
		text_add(&t, "%s%lld more found by DNS are left out", t.used > 0 ? "; " : "",
			relay->upstreams_left_out);
	if (t.used > 0)
		sheet_line(sheet, "", TONE_WARN, line, "");
	bool flawed = false;
	for (unsigned i = 0; i < relay->source_count; i++)
		flawed = flawed || source_flawed(&relay->sources[i]);
	if (relay->upstream_count == 0 && flawed)
		sheet_line(sheet, "", TONE_PLAIN, "", "or set relay.upstream=HOST:PORT, or search=DOMAIN");
	else if (relay->upstream_count == 0)
		sheet_line(sheet, "Upstream", TONE_BAD,
			"none: ", relay->hint[0] != '\0' ? relay->hint : "set relay.upstream=HOST:PORT");
}

/* Adds the prefixes but the word on-link, at most BYTES of them, and how many more there are. */
static void add_prefixes(struct text *t, const struct prefix_list *list, size_t bytes)
{
	unsigned left = list->count > ALLOWED_MAX ? list->count - ALLOWED_MAX : 0;
	size_t start = t->used;
	for (unsigned i = 0; i < list->count && i < ALLOWED_MAX; i++) {
		if (strcmp(list->text[i], "on-link") == 0)
			continue;
		if (t->used - start + strlen(list->text[i]) > bytes)
			left++;
		else
			text_add(t, "%s%s", t->used > start ? ", " : "", list->text[i]);
	}
	if (left > 0)
		text_add(t, "%s%u more", t->used > start ? ", " : "", left);
}

static bool has_on_link(const struct prefix_list *list)
{
	for (unsigned i = 0; i < list->count && i < ALLOWED_MAX; i++)
		if (strcmp(list->text[i], "on-link") == 0)
			return true;
	return false;
}

/* "on-link: 192.0.2.0/24", and what to set if that admits nobody. */
static void add_on_link(struct text *t, const struct status *s, size_t bytes, int64_t now_ms)
{
	const struct prefix_list *list = &s->relay.on_link;
	text_add(t, "%son-link: ", t->used > 0 ? ", " : "");
	add_prefixes(t, list, bytes);
	bool usable = first_usable(s, now_ms) != NULL;
	if (list->count == 0)
		text_add(t, usable ? "no network" : "no network yet");
	if (usable && relay_allows_no_network(&s->relay))
		text_add(t, "%s, set relay.allow", list->count == 0 ? "" : " alone");
}

/* The allowed clients, and the guard. */
static void draw_allowed(struct sheet *sheet, const struct status *s, int64_t now_ms)
{
	const struct relay_record *relay = &s->relay;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	size_t bytes = sheet->columns >= WIDE_COLUMNS ? LIST_BYTES_WIDE : LIST_BYTES_MAX;
	add_prefixes(&t, &relay->allowed, bytes);
	if (has_on_link(&relay->allowed))
		add_on_link(&t, s, bytes, now_ms);
	/* "dcerpc:UUID": the interface itself only where there is place. */
	static const char guard[] = "; guard ";
	bool room = fits(sheet, &t, strlen(guard) + strlen(relay->guard));
	if (relay->guard[0] != '\0')
		text_add(&t, "%s%.*s", t.used > 0 ? guard : guard + 2,
			(int)strcspn(relay->guard, room ? "" : ":"), relay->guard);
	if (t.used > 0)
		sheet_line(sheet, "Allowed", TONE_PLAIN, "", line);
}

void draw_traffic(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	static const char *const legends[] = {" (half / 99 of 100 within)", " (p50/p99)"};
	const struct relay_record *relay = &s->relay;
	char line[LINE_BYTES_MAX], times[LINE_BYTES_MAX];
	struct text t = TEXT(line), times_text = TEXT(times);
	(void)index, (void)now_ms;
	if (relay->bytes_to_upstream >= 0 && relay->bytes_to_client >= 0) {
		text_add_bytes(&t, (uint64_t)relay->bytes_to_upstream);
		text_add(&t, " up, ");
		text_add_bytes(&t, (uint64_t)relay->bytes_to_client);
		text_add(&t, " down");
	}
	long long ms_max = INT64_MAX / 1000;
	long long p50 = relay->session_p50_ms, p99 = relay->session_p99_ms;
	add_times(&times_text, "connect", relay->connect_p50_us, relay->connect_p99_us);
	add_times(&times_text, "session", p50 < ms_max ? p50 * 1000 : INT64_MAX,
		p99 < ms_max ? p99 * 1000 : INT64_MAX);
	if (times_text.used > 0)
		text_add(&t, "%s%s", t.used > 0 ? "; " : "", times);
	for (size_t i = 0; i < sizeof(legends) / sizeof(legends[0]) && times_text.used > 0; i++) {
		if (fits(sheet, &t, strlen(legends[i]))) {
			text_add(&t, "%s", legends[i]);
			break;
		}
	}
	if (t.used > 0)
		sheet_line(sheet, "Traffic", TONE_PLAIN, "", line);
	draw_allowed(sheet, s, now_ms);
}
