/* The relay's settings, parsed. */
#ifndef RELAY_SETTINGS_H
#define RELAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/allow.h"
#include "common/config.h"
#include "common/net_text.h"

enum { UPSTREAM_TEXT_MAX = HOST_BYTES_MAX + 8, LISTENERS_MAX = 8, ITEMS_MAX = 16, GUARDED_MAX = 8 };

/* One item of relay.upstream. */
struct upstream_item {
	bool literal; /* then `endpoint` is its address; else the resolver finds its targets */
	bool service; /* srv:... */
	char text[UPSTREAM_TEXT_MAX]; /* as it was written */
	struct endpoint endpoint;
};

struct settings {
	struct endpoint listen[LISTENERS_MAX]; /* literal */
	size_t listen_count;
	uint16_t status_port;            /* the status page's; 0: none */
	char upstream[CONFIG_VALUE_MAX]; /* relay.upstream as a whole: the resolver's record names it */
	struct upstream_item item[ITEMS_MAX];
	size_t item_count;
	struct allow allow;
	struct uuid guarded[GUARDED_MAX];
	size_t guarded_count;
	bool guard; /* without it, anything passes; with it, what is in `guarded`: with none there, nothing */
	size_t max_connections, max_connections_per_client;
	int64_t connect_timeout_ms, first_byte_timeout_ms, idle_timeout_ms, half_closed_timeout_ms;
	int64_t max_session_ms;
	bool proxy_header, log_sessions, splice;
};

/* Takes the relay's keys out of C. Items that are not of the form are left out; then false, and ERROR names
 * the last one of them. */
bool settings_read(struct settings *s, const struct config *c, struct text *error);

/* How many of WANTED sessions the process can hold with OPEN_FILES descriptors (RLIMIT_NOFILE): two each,
 * some kept back for pipes and the rest of the program. *PIPES: how many pipes that leaves. */
size_t settings_sessions_for(size_t wanted, size_t open_files, unsigned *pipes);

#endif
