/* The record resolver/upstreams. */
#ifndef RECORDS_UPSTREAMS_H
#define RECORDS_UPSTREAMS_H

#include "common/config.h"
#include "fields.h"

/* clang-format off */
#define SOURCE_STATES(X) \
	X(SOURCE_WAITING, "waiting", " (no answer yet)") \
	X(SOURCE_OK, "ok", "") \
	X(SOURCE_STALE, "stale", " (the servers fail, the last answer stays in force)") \
	X(SOURCE_FAILED, "failed", " (no target)")
/* clang-format on */

enum source_state { SOURCE_STATES(WORD_ID) SOURCE_STATE_COUNT };
extern const char *const source_state_words[SOURCE_STATE_COUNT];

/* clang-format off */
#define UPSTREAMS_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(setting, CONFIG_VALUE_MAX, 0, "the value of `relay.upstream` that this was made from") \
	LIST(source, \
		"`STATE [WORDS]`, N the item's number in the setting, from 1; only for names " \
		"and services. STATE " WORDS(SOURCE_STATES) ". WORDS: the last error; when " \
		"`ok`, of a service without a domain, the full name that was asked for") \
	KEY("asked.N", \
		"services with targets only: the full name that they were found by, in each " \
		"state") \
	LIST(target, \
		"`N PRIORITY WEIGHT PORT HOST EXPIRES_MS ADDRESS[,ADDRESS...]`, M from 1, in " \
		"order of N and PRIORITY; of a name, PRIORITY and WEIGHT are 0; EXPIRES_MS a " \
		"time in ms; at most 8 addresses, families alternating, IPv6 first; `-` when " \
		"the host has none") \
	NUMBER(left_out, 0, 0, \
		"targets and addresses that did not fit (32 targets in all, 8 addresses each), " \
		"0 when none")
/* clang-format on */

struct upstreams_told RECORD_TOLD(UPSTREAMS_KEYS);

struct upstreams_record {
	enum record_status status;
	RECORD_MEMBERS(UPSTREAMS_KEYS)
};

void upstreams_record_read(
	struct upstreams_record *s, const struct record_view *v, enum record_status status);
void upstreams_record_write(struct record *r, const struct upstreams_told *told);
extern const struct record_field upstreams_fields[];

/* The items of source N, which the struct does not hold; NULL: none. */
const char *upstreams_source(const struct record_view *v, unsigned number);
const char *upstreams_asked(const struct record_view *v, unsigned number);
const char *upstreams_target(const struct record_view *v, unsigned number);

/* Adds asked.NUMBER. */
void upstreams_add_asked(struct record *r, unsigned number, const char *name);

#endif
