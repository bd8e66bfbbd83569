/* What the relay was told to do. */
#ifndef RELAY_SETTINGS_H
#define RELAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/net_text.h"

enum { LISTENERS_MAX = 8, UPSTREAMS_MAX = 16 };

struct settings {
	struct endpoint listen[LISTENERS_MAX]; /* literal */
	size_t listen_count;
	struct endpoint upstream[UPSTREAMS_MAX];
	size_t upstream_count;
	size_t max_connections;
	int64_t idle_timeout_ms;
};

/* Takes the relay's keys out of C. Items that are not of the form are left out; then false, and ERROR names
 * the last one of them. */
bool settings_read(struct settings *s, const struct config *c, struct text *error);

/* How many of WANTED sessions the process can hold with OPEN_FILES descriptors (RLIMIT_NOFILE): two each,
 * some kept back for pipes and the rest of the program. *PIPES: how many pipes that leaves. */
size_t settings_sessions_for(size_t wanted, size_t open_files, unsigned *pipes);

#endif
