/* The parts of the status page about the machine and its programs. */
#include "blocks.h"

#include <string.h>
#include <time.h>

#include "records/clock.h"
#include "verdict.h"

enum { LINE_BYTES_MAX = 512, MEMORY_LOW_SHARE = 10 };

static void draw_setting(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	(void)now_ms;
	sheet_line(sheet, index == 0 ? "REFUSED" : "", TONE_BAD, s->system.refused[index], "");
}

static void draw_settings_unlisted(
	struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	text_add(&t, "%lld more settings refused: see the log",
		s->system.settings_refused - s->system.refused_listed);
	sheet_line(sheet, s->system.refused_listed == 0 ? "REFUSED" : "", TONE_BAD, line, "");
}

static enum tone phase_tone(const struct child_record *child, int64_t now_ms)
{
	switch (child->phase) {
	case PHASE_RUNNING:
		return child_well(child, now_ms) ? TONE_GOOD : TONE_WARN;
	case PHASE_STARTING:
	case PHASE_STOPPING:
		return TONE_WARN;
	default:
		return TONE_BAD;
	}
}

/* LABEL names a child whose record does not; PORTS may be NULL. */
static void draw_child(struct sheet *sheet, const struct child_record *child,
	const struct ports_record *ports, const char *label, int64_t now_ms)
{
	char lead[LINE_BYTES_MAX], rest[LINE_BYTES_MAX];
	struct text l = TEXT(lead), t = TEXT(rest);
	if (child->status != RECORD_READ) {
		bool missing = child->status == RECORD_MISSING;
		text_add(&l, "%s", missing ? "starting: no record yet" : "its record is unreadable");
		sheet_line(sheet, label, missing ? TONE_WARN : TONE_BAD, lead, "");
		return;
	}
	text_add(&l, "%s %s", child->name, child->state);
	if (child->phase == PHASE_WAITING) {
		text_add(&t, ", next start in ");
		text_add_time_left(&t, child->next_start_ms, now_ms);
	} else if (child->phase == PHASE_HUNG) {
		text_add(&t, ", not answering for ");
		text_add_time_left(&t, now_ms, child->silent_since_ms);
	} else if (child->since_ms >= 0) {
		text_add(&t, " for ");
		text_add_time_left(&t, now_ms, child->since_ms);
	}
	if (child->pid >= 0)
		text_add(&t, ", pid %lld", child->pid);
	if (child->ports[0] != '\0' && child->phase == PHASE_RUNNING)
		text_add(&t, ", port %s", child->ports);
	if (child->health[0] != '\0')
		text_add(&t, ", health: %s", child->health);
	text_add(&t, ", %lld restart%s", child->restarts, child->restarts == 1 ? "" : "s");
	if (child->last_exit[0] != '\0') {
		text_add(&t, ", last exit: %s", child->last_exit);
		if (child->last_exit_ms >= 0) {
			text_add(&t, ", ");
			text_add_time_left(&t, now_ms, child->last_exit_ms);
			text_add(&t, " ago");
		}
	}
	enum tone tone = phase_tone(child, now_ms);
	if (strcmp(child->health, health_words[HEALTH_UNHEALTHY]) == 0)
		tone = TONE_WARN;
	for (unsigned i = 0; ports != NULL && i < ports->count; i++)
		if (port_flawed(&ports->ports[i]))
			tone = TONE_WARN;
	sheet_line(sheet, label, tone, lead, rest);
}

static void draw_service(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	(void)index;
	if (s->service.phase == PHASE_EMPTY)
		sheet_line(sheet, "Service", TONE_WARN, "none",
			": tools/thimble-service IMAGE --binary DAEMON --output NEW puts one in");
	else
		draw_child(sheet, &s->service, &s->ports, "Service", now_ms);
}

static void draw_program(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct child_record *child = &s->children[index];
	draw_child(sheet, child, NULL, child->status == RECORD_READ ? "Program" : child->name, now_ms);
}

static void draw_programs_unkept(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	text_add(&t, "%u more programs are not shown", s->child_count - CHILDREN_MAX);
	sheet_line(sheet, "Program", TONE_WARN, line, "");
}

static void add_clock(struct text *t, const struct system_record *system)
{
	time_t seconds = (time_t)system->clock_unix_s;
	struct tm utc;
	if (system->clock_unix_s < 0 || gmtime_r(&seconds, &utc) == NULL)
		return;
	text_add(t, ", clock %04d-%02d-%02d %02d:%02d:%02d UTC", utc.tm_year + 1900, utc.tm_mon + 1,
		utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static bool clock_is_set(const struct system_record *system)
{
	return strcmp(system->clock_source, "none") != 0;
}

/* The clock's source: "ntp 192.0.2.1, +0.3 ms". */
static void add_clock_source(struct text *t, const struct system_record *system)
{
	long long us = system->offset_us, tenths = ((us < 0 ? -us : us) + 50) / 100;
	text_add(t, "%s", clock_is_set(system) ? system->clock_source : "not set by any source");
	if (system->clock_server[0] != '\0')
		text_add(t, " %s", system->clock_server);
	if (system->offset_told)
		text_add(t, ", %c%lld.%lld ms", us < 0 ? '-' : '+', tenths / 10, tenths % 10);
	if (strcmp(system->clock_ntp, clock_state_words[CLOCK_ASKING]) == 0)
		text_add(t, ", no answer from time servers yet");
	else if (strcmp(system->clock_ntp, clock_state_words[CLOCK_LOST]) == 0)
		text_add(t, ", no answer any more");
	else if (!clock_is_set(system) && system->clock_ntp[0] != '\0')
		text_add(t, ", NTP: %s", system->clock_ntp);
}

/* The clock's source stands beside it where it fits, else below. */
static void draw_clock_source(struct sheet *sheet, const struct system_record *system, struct text *line)
{
	char source[LINE_BYTES_MAX];
	struct text t = TEXT(source);
	bool set = clock_is_set(system);
	if (system->clock_unix_s >= 0)
		add_clock_source(&t, system);
	bool beside = set && VALUE_COLUMN + (int)(line->used + t.used) + 3 < sheet->columns;
	if (beside && t.used > 0)
		text_add(line, " (%s)", source);
	sheet_line(sheet, "System", TONE_PLAIN, "", line->data);
	if (!beside)
		sheet_line(sheet, "", set ? TONE_PLAIN : TONE_WARN, source, "");
}

static void draw_memory(struct sheet *sheet, const struct system_record *system)
{
	char lead[LINE_BYTES_MAX], rest[LINE_BYTES_MAX];
	struct text l = TEXT(lead), t = TEXT(rest);
	long long total = system->memory_total_bytes, available = system->memory_available_bytes;
	if (total < 0 || available < 0)
		return;
	text_add_bytes(&l, (uint64_t)available);
	text_add(&l, " free");
	text_add(&t, " of ");
	text_add_bytes(&t, (uint64_t)total);
	text_add(&t, ", ");
	text_add_bytes(&t, available < total ? (uint64_t)(total - available) : 0);
	text_add(&t, " used");
	bool low = available < total / MEMORY_LOW_SHARE;
	sheet_line(sheet, "Memory", low ? TONE_WARN : TONE_PLAIN, lead, rest);
}

static void draw_system(struct sheet *sheet, const struct status *s, unsigned index, int64_t now_ms)
{
	const struct system_record *system = &s->system;
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	(void)index, (void)now_ms;
	if (system->status != RECORD_READ) {
		bool missing = system->status == RECORD_MISSING;
		sheet_line(sheet, "System", missing ? TONE_WARN : TONE_BAD,
			missing ? "no record yet" : "its record is unreadable", "");
		return;
	}
	if (system->uptime_s >= 0) {
		text_add(&t, "up ");
		text_add_duration(&t, (uint64_t)system->uptime_s);
	}
	add_clock(&t, system);
	draw_clock_source(sheet, system, &t);
	if (reset_told(system)) {
		text_clear(&t);
		text_add(&t, "last reset: %s", system->reset_reason);
		sheet_line(sheet, "", TONE_WARN, line, "");
	}
	draw_memory(sheet, system);
	if (sheet->roomy) {
		text_clear(&t);
		text_add(&t, "%s, Linux %s %s, watchdog: %s",
			system->machine[0] != '\0' ? system->machine : "unknown", system->kernel,
			system->arch, system->watchdog[0] != '\0' ? system->watchdog : "none");
		sheet_line(sheet, "Machine", TONE_PLAIN, "", line);
	}
}

static void add_block(
	struct block *blocks, unsigned *count, enum block_kind kind, block_draw *draw, unsigned index)
{
	blocks[(*count)++] = (struct block){.kind = kind, .draw = draw, .index = index};
}

static void list_relay(struct block *blocks, unsigned *count, const struct status *s)
{
	if (s->relay.status == RECORD_MISSING)
		return;
	add_block(blocks, count, BLOCK_PROGRAM, draw_relay, 0);
	if (!relay_told(s))
		return;
	for (unsigned i = 0; i < s->relay.upstream_count && i < UPSTREAMS_FIRST; i++)
		add_block(blocks, count, BLOCK_UPSTREAM, draw_upstream, i);
	for (unsigned i = 0; i < s->relay.source_count; i++)
		if (source_flawed(&s->relay.sources[i]))
			add_block(blocks, count, BLOCK_UPSTREAM, draw_source, i);
	add_block(blocks, count, BLOCK_UPSTREAM, draw_upstreams_rest, 0);
	add_block(blocks, count, BLOCK_SYSTEM, draw_traffic, 0);
}

unsigned blocks_list(struct block blocks[static BLOCKS_MAX], const struct status *s, int64_t now_ms)
{
	unsigned count = 0;
	for (unsigned i = 0; i < s->system.refused_listed; i++)
		add_block(blocks, &count, BLOCK_SETTING, draw_setting, i);
	if (s->system.settings_refused > s->system.refused_listed)
		add_block(blocks, &count, BLOCK_SETTING, draw_settings_unlisted, 0);
	add_block(blocks, &count, BLOCK_PROGRAM, draw_service, 0);
	list_relay(blocks, &count, s);
	for (unsigned i = 0; i < s->child_count && i < CHILDREN_MAX; i++)
		if (!child_well(&s->children[i], now_ms))
			add_block(blocks, &count, BLOCK_PROGRAM, draw_program, i);
	if (s->child_count > CHILDREN_MAX)
		add_block(blocks, &count, BLOCK_PROGRAM, draw_programs_unkept, 0);
	add_block(blocks, &count, BLOCK_SYSTEM, draw_system, 0);
	add_block(blocks, &count, BLOCK_SYSTEM, draw_outside, 0);
	if (s->nic_count == 0)
		add_block(blocks, &count, BLOCK_NIC, draw_no_nic, 0);
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++)
		add_block(blocks, &count, BLOCK_NIC, draw_nic, i);
	if (s->nic_count > NICS_MAX)
		add_block(blocks, &count, BLOCK_NIC, draw_nics_unkept, 0);
	if (relay_told(s))
		for (unsigned i = UPSTREAMS_FIRST; i < s->relay.upstream_count && i < UPSTREAMS_MAX; i++)
			add_block(blocks, &count, BLOCK_UPSTREAM, draw_upstream, i);
	return count;
}
