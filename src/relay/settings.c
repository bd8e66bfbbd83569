#include "settings.h"

#include <string.h>

#include "pipe_pool.h"

enum {
	/* Standard ones, epoll, signals, listeners, netlink, inotify and mounts, a record, probes of
	   upstreams. */
	FILES_RESERVED = 32,
	FILES_MAX = 1 << 20,
};

/* Takes one item of a list; false: it is not of the form, or there is no room. */
typedef bool take_item(struct settings *s, const char *item, size_t length);

static bool take_listener(struct settings *s, const char *item, size_t length)
{
	struct endpoint e;
	if (s->listen_count == LISTENERS_MAX || !endpoint_parse(&e, item, length) || !e.literal)
		return false;
	s->listen[s->listen_count++] = e;
	return true;
}

static bool keep_upstream(struct settings *s, const char *item, size_t length)
{
	struct upstream_item *to = &s->item[s->item_count];
	struct service_name name;
	if (s->item_count == ITEMS_MAX || length >= sizeof(to->text))
		return false;
	*to = (struct upstream_item){.service = service_name_parse(&name, item, length)};
	if (!to->service && !endpoint_parse(&to->endpoint, item, length))
		return false;
	to->literal = !to->service && to->endpoint.literal;
	memcpy(to->text, item, length);
	s->item_count++;
	return true;
}

static bool keep_allowed(struct settings *s, const char *item, size_t length)
{
	return allow_take(&s->allow, item, length);
}

static bool read_list(
	struct settings *s, const struct config *c, enum config_key key, take_item *take, struct text *error)
{
	const char *at = config_get(c, key);
	const char *item;
	size_t length;
	bool good = true;
	while (config_next_item(&at, &item, &length)) {
		if (take(s, item, length))
			continue;
		text_clear(error);
		text_add(error, "%s: \"", config_definitions[key].name);
		text_add_escaped(error, item, length > 80 ? 80 : length);
		text_add(error, "\" left out, allowed: %s", config_definitions[key].allowed);
		good = false;
	}
	return good;
}

static int64_t milliseconds(const struct config *c, enum config_key key)
{
	return (int64_t)config_number(c, key) * 1000;
}

bool settings_read(struct settings *s, const struct config *c, struct text *error)
{
	*s = (struct settings){0};
	bool listen_good = read_list(s, c, CONFIG_RELAY_LISTEN, take_listener, error);
	bool upstream_good = read_list(s, c, CONFIG_RELAY_UPSTREAM, keep_upstream, error);
	bool allow_good = read_list(s, c, CONFIG_RELAY_ALLOW, keep_allowed, error);
	s->status_port = (uint16_t)config_number(c, CONFIG_STATUS_PORT);
	strcpy(s->upstream, config_get(c, CONFIG_RELAY_UPSTREAM));
	const char *guard = config_get(c, CONFIG_RELAY_GUARD);
	int guarded = config_guard(guard, s->guarded, GUARDED_MAX);
	s->guard = strcmp(guard, "off") != 0;
	s->guarded_count = guarded > 0 ? (size_t)guarded : 0;
	s->max_connections = config_number(c, CONFIG_RELAY_MAX_CONNECTIONS);
	s->max_connections_per_client = config_number(c, CONFIG_RELAY_MAX_CONNECTIONS_PER_CLIENT);
	s->connect_timeout_ms = milliseconds(c, CONFIG_RELAY_CONNECT_TIMEOUT_S);
	s->first_byte_timeout_ms = milliseconds(c, CONFIG_RELAY_FIRST_BYTE_TIMEOUT_S);
	s->idle_timeout_ms = milliseconds(c, CONFIG_RELAY_IDLE_TIMEOUT_S);
	s->half_closed_timeout_ms = milliseconds(c, CONFIG_RELAY_HALF_CLOSED_TIMEOUT_S);
	s->max_session_ms = milliseconds(c, CONFIG_RELAY_MAX_SESSION_S);
	s->proxy_header = strcmp(config_get(c, CONFIG_RELAY_PROXY_PROTOCOL), "v2") == 0;
	s->log_sessions = strcmp(config_get(c, CONFIG_RELAY_LOG), "sessions") == 0;
	s->splice = strcmp(config_get(c, CONFIG_RELAY_SPLICE), "on") == 0;
	return listen_good && upstream_good && allow_good;
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
