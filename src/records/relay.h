/* The record service/relay. */
#ifndef RECORDS_RELAY_H
#define RECORDS_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

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

/* What is refused at once, or before a byte was passed on; then what is closed by a limit. In the record's
 * order, with the keys. */
#define REFUSALS(X)                                                                                          \
	X(REFUSED_NOT_ALLOWED, "refused_not_allowed")                                                        \
	X(REFUSED_FULL, "refused_full")                                                                      \
	X(REFUSED_CLIENT_FULL, "refused_client_full")                                                        \
	X(REFUSED_NO_UPSTREAM, "refused_no_upstream")                                                        \
	X(REFUSED_GUARD, "refused_guard")                                                                    \
	X(REFUSED_FIRST_BYTE, "refused_first_byte")                                                          \
	X(REFUSED_MEMORY, "refused_memory")                                                                  \
	X(CLOSED_IDLE, "closed_idle")                                                                        \
	X(CLOSED_SESSION_TIME, "closed_session_time")

#define REFUSAL_NAME(name, key) name,
enum refusal { REFUSALS(REFUSAL_NAME) REFUSAL_COUNT };

extern const char *const refusal_keys[REFUSAL_COUNT];

/* Prefixes as text. */
struct prefix_list {
	char text[ALLOWED_MAX][48];
	unsigned count; /* in all; more than ALLOWED_MAX are not kept */
};

struct relay_record {
	enum record_status status;
	char state[24], hint[96], guard[384];
	struct upstream_record upstreams[UPSTREAMS_MAX];
	unsigned upstream_count; /* in all; more than UPSTREAMS_MAX are not kept */
	long long upstreams_left_out;
	struct source_record sources[SOURCES_MAX];
	unsigned source_count; /* in all */
	struct prefix_list allowed, on_link;
	long long connections_now, connections_total, connections_max; /* -1: not told */
	long long connections_refused, connections_failed;
	long long refusals[REFUSAL_COUNT];
	long long bytes_to_upstream, bytes_to_client; /* -1: not told */
	long long connect_p50_us, connect_p99_us;     /* -1: not told */
	long long session_p50_ms, session_p99_ms;     /* -1: not told */
};

void relay_record_read(struct relay_record *s, const struct record_view *v, enum record_status status);

/* The setting by which the relay lets nobody in: by wish, or because what was set cannot be read. NULL: none.
 */
const char *relay_closed_by(const struct relay_record *s);

/* Whether the relay lets in on-link clients alone and no network is on-link: an address of /32 or /128 has no
 * neighbours. */
bool relay_allows_no_network(const struct relay_record *s);

/* Whether nothing can be asked of it, or only what an old answer says: failed, waiting, stale. */
bool source_flawed(const struct source_record *s);

#endif
