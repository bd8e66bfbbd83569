#include "settings.h"

enum {
	FILES_RESERVED = 32, /* standard ones, epoll, signals, listeners, a record, the resolver */
	FILES_MAX = 1 << 20,
	/* A user without privileges may have 1,024 pipes of 16 pages before they shrink
	 * (/proc/sys/fs/pipe-user-pages-soft); more than that at once are not worth their memory. */
	PIPES_MAX = 1024,
};

static bool read_list(struct endpoint *list, size_t max, size_t *count, bool names, const struct config *c,
	enum config_key key, struct text *error)
{
	const char *at = config_get(c, key);
	const char *item;
	size_t length;
	bool good = true;
	*count = 0;
	while (config_next_item(&at, &item, &length)) {
		struct endpoint *e = &list[*count];
		if (*count < max && endpoint_parse(e, item, length) && (e->literal || names)) {
			++*count;
			continue;
		}
		text_clear(error);
		text_add(error, "%s: \"", config_definitions[key].name);
		text_add_escaped(error, item, length > 80 ? 80 : length);
		text_add(error, "\" left out, allowed: %s", config_definitions[key].allowed);
		good = false;
	}
	return good;
}

bool settings_read(struct settings *s, const struct config *c, struct text *error)
{
	bool listen_good =
		read_list(s->listen, LISTENERS_MAX, &s->listen_count, false, c, CONFIG_RELAY_LISTEN, error);
	bool upstream_good = read_list(
		s->upstream, UPSTREAMS_MAX, &s->upstream_count, true, c, CONFIG_RELAY_UPSTREAM, error);
	s->max_connections = config_number(c, CONFIG_RELAY_MAX_CONNECTIONS);
	s->idle_timeout_ms = (int64_t)config_number(c, CONFIG_RELAY_IDLE_TIMEOUT_S) * 1000;
	return listen_good && upstream_good;
}

size_t settings_sessions_for(size_t wanted, size_t open_files, unsigned *pipes)
{
	size_t files = open_files > FILES_RESERVED + 16 ? open_files - FILES_RESERVED : 16;
	if (files > FILES_MAX)
		files = FILES_MAX;
	size_t most = files * 7 / 16; /* an eighth of the files for pipes */
	size_t sessions = wanted < most ? wanted : most;
	size_t left = (files - 2 * sessions) / 2;
	*pipes = left < PIPES_MAX ? (unsigned)left : PIPES_MAX;
	return sessions;
}
