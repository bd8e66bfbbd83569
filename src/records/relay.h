/* The record service/relay. */
#ifndef RECORDS_RELAY_H
#define RECORDS_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "upstreams.h"

enum {
	UPSTREAMS_MAX = 48, /* 32 targets found by DNS and 16 addresses of the setting */
	SOURCES_MAX = 16,
	ALLOWED_MAX = 32,
};

struct upstream_record {
	char endpoint[264], state[16], words[80];
	char source[128];     /* "setting", "name", "srv:NAME" */
	long long connect_us; /* -1: not told */
};

/* A name or service of relay.upstream. */
struct source_record {
	char item[264], state[16], words[320]; /* words may hold a whole name */
};

/* What is refused at once, or before a byte was passed on; then what is closed by a limit. In the record they
 * stand behind connections_max, in place of the list refusal. */
/* clang-format off */
#define REFUSALS(X) \
	X(REFUSED_NOT_ALLOWED, "refused_not_allowed", "not from `relay.allow`") \
	X(REFUSED_FULL, "refused_full", "over `connections_max`") \
	X(REFUSED_CLIENT_FULL, "refused_client_full", "over the limit of one client") \
	X(REFUSED_NO_UPSTREAM, "refused_no_upstream", "`relay.upstream` is empty") \
	X(REFUSED_GUARD, "refused_guard", "began with something that the guard refuses") \
	X(REFUSED_FIRST_BYTE, "refused_first_byte", "`relay.first-byte-timeout-s` without the first byte or PDU") \
	X(REFUSED_MEMORY, "refused_memory", "memory or descriptors had run out") \
	X(CLOSED_IDLE, "closed_idle", "ended by `relay.idle-timeout-s` or `relay.half-closed-timeout-s`") \
	X(CLOSED_SESSION_TIME, "closed_session_time", "ended by `relay.max-session-s`") \
	X(CLOSED_GAVE_WAY, "closed_gave_way", "ended at a limit, to let a newer connection in")
/* clang-format on */

#define REFUSAL_NAME(name, key, help) name,
enum refusal { REFUSALS(REFUSAL_NAME) REFUSAL_COUNT };

extern const char *const refusal_keys[REFUSAL_COUNT];

/* Prefixes as text. */
struct prefix_list {
	char text[ALLOWED_MAX][48];
	unsigned count; /* in all; more than ALLOWED_MAX are not kept */
};

/* clang-format off */
#define RELAY_STATES(X) \
	X(RELAY_READY, "ready", "") \
	X(RELAY_NO_UPSTREAM, "no upstream", "") \
	X(RELAY_DRAINING, "draining", "") \
	X(RELAY_CANNOT_LISTEN, "cannot listen", "")
/* clang-format on */

enum relay_state { RELAY_STATES(WORD_ID) RELAY_STATE_COUNT };
extern const char *const relay_state_words[RELAY_STATE_COUNT];

/* clang-format off */
#define UPSTREAM_STATES(X) \
	X(UPSTREAM_UNKNOWN, "unknown", "") \
	X(UPSTREAM_UP, "up", "") \
	X(UPSTREAM_DOWN, "down", "")
/* clang-format on */

enum upstream_state { UPSTREAM_STATES(WORD_ID) UPSTREAM_STATE_COUNT };
extern const char *const upstream_state_words[UPSTREAM_STATE_COUNT];

/* clang-format off */
#define RELAY_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(state, 24, 1, WORDS(RELAY_STATES)) \
	TEXT(hint, 96, 1, \
		"what to do about it: `set relay.upstream=HOST:PORT`, or what is wrong: " \
		"`relay.listen=[::]:88: Permission denied`") \
	LIST(listen, "address and port it listens on") \
	LIST(upstream, \
		"`HOST:PORT STATE [WORDS]`, of a target found by DNS its host name: STATE " \
		WORDS(UPSTREAM_STATES) "; WORDS the last error") \
	KEY("upstream_source.N", \
		"where upstream N comes from: `setting`, an address in it; `name`, a host name " \
		"in it; `srv:NAME`, the service record, NAME in full") \
	KEY("upstream_connect_us.N", \
		"time to connect of the last connection to upstream N; left out before the first") \
	LIST(source, \
		"`ITEM STATE [WORDS]`: each name and service of `relay.upstream` in its order, " \
		"addresses not counted; STATE and WORDS as in `resolver/upstreams`") \
	NUMBER(upstreams_left_out, 0, 0, \
		"targets and addresses found by DNS that did not fit, 0 when none") \
	LIST(allow, "`relay.allow`: a prefix, `on-link`, or `none`") \
	LIST(on_link, "what `on-link` means now; only when it is allowed") \
	TEXT(guard, 384, 1, "`off`, `none`, or `dcerpc:UUID[,UUID]`") \
	NUMBER(connections_now, -1, 1, "open now") \
	NUMBER(connections_total, -1, 1, \
		"accepted since start, including those that the guard or the first-byte time-out refused later") \
	NUMBER(connections_refused, 0, 1, "the sum of those below") \
	NUMBER(connections_failed, 0, 1, "reset because no upstream answered, or none was found") \
	NUMBER(connections_max, -1, 1, \
		"the limit: `relay.max-connections`, or what the open files allow") \
	LIST(refusal, "") \
	NUMBER(bytes_to_upstream, -1, 1, "passed on since start") \
	NUMBER(bytes_to_client, -1, 1, "passed on since start") \
	NUMBER(connect_p50_us, -1, 1, \
		"half of the connections to upstreams were made within this time; the upper bound of a fixed " \
		"bucket, left out before the first") \
	NUMBER(connect_p99_us, -1, 1, "the same of 99 in 100") \
	NUMBER(session_p50_ms, -1, 1, "half of the sessions were over within this time") \
	NUMBER(session_p99_ms, -1, 1, "the same of 99 in 100")

#define RELAY_METRICS(X) \
	X(connections_now, GAUGE, "relay_connections", "Connections that are open.") \
	X(connections_max, GAUGE, "relay_connections_max", "The limit of them.") \
	X(connections_total, COUNTER, "relay_connections_total", "Connections that were let in.") \
	X(connections_failed, COUNTER, "relay_connections_failed_total", "Connections that were reset because no upstream answered.")
/* clang-format on */

struct upstream_told {
	const char *endpoint, *state, *words, *source; /* words: NULL for none */
	long long connect_us;                          /* -1: not told */
};

/* Adds all keys of upstream NUMBER; KEY is the list's. */
void relay_add_upstream(struct record *r, const char *key, unsigned number, const struct upstream_told *u);

struct relay_told RECORD_TOLD(RELAY_KEYS);

struct relay_record {
	enum record_status status;
	RECORD_MEMBERS(RELAY_KEYS)
	struct upstream_record upstreams[UPSTREAMS_MAX];
	unsigned upstream_count; /* in all; more than UPSTREAMS_MAX are not kept */
	struct source_record sources[SOURCES_MAX];
	unsigned source_count; /* in all */
	struct prefix_list allowed, on_link;
	long long refusals[REFUSAL_COUNT];
};

void relay_record_read(struct relay_record *s, const struct record_view *v, enum record_status status);
void relay_record_write(struct record *r, const struct relay_told *told);
extern const struct record_field relay_fields[];

/* The setting by which the relay lets nobody in: by wish, or because what was set cannot be read. NULL: none.
 */
const char *relay_closed_by(const struct relay_record *s);

/* Whether the relay lets in on-link clients alone and no network is on-link: an address of /32 or /128 has no
 * neighbours. */
bool relay_allows_no_network(const struct relay_record *s);

/* Whether nothing can be asked of it, or only what an old answer says: failed, waiting, stale. */
bool source_flawed(const struct source_record *s);

#endif
