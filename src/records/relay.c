#include "relay.h"

#include <string.h>

#include "common/config_keys.h"
#include "common/text.h"

static const char upstream_source[] = "upstream_source", upstream_connect_us[] = "upstream_connect_us";

/* Each takes the item NUMBER, from 1, of a list. */
static void take_upstream(struct relay_record *s, unsigned number, const char *value)
{
	if (number != s->upstream_count + 1)
		return;
	if (s->upstream_count++ >= UPSTREAMS_MAX)
		return;
	struct upstream_record *u = &s->upstreams[number - 1];
	TAKE(&value, u->endpoint);
	TAKE(&value, u->state);
	COPY(u->words, value);
}

static void take_upstream_source(struct relay_record *s, unsigned number, const char *value)
{
	if (number <= UPSTREAMS_MAX)
		COPY(s->upstreams[number - 1].source, value);
}

static void take_upstream_connect(struct relay_record *s, unsigned number, const char *value)
{
	uint64_t us;
	if (number <= UPSTREAMS_MAX && parse_number(value, 0, INT64_MAX, &us))
		s->upstreams[number - 1].connect_us = (long long)us;
}

static void take_source(struct relay_record *s, unsigned number, const char *value)
{
	/* Its number is that of an item of the setting, and addresses have no line: there may be gaps. */
	if (number > SOURCES_MAX)
		return;
	struct source_record *source = &s->sources[number - 1];
	TAKE(&value, source->item);
	TAKE(&value, source->state);
	COPY(source->words, value);
	if (s->source_count < number)
		s->source_count = number;
}

static void take_prefix(struct prefix_list *list, unsigned number, const char *value)
{
	if (number != list->count + 1)
		return;
	if (list->count++ < ALLOWED_MAX)
		COPY(list->text[number - 1], value);
}

static void take_allowed(struct relay_record *s, unsigned number, const char *value)
{
	take_prefix(&s->allowed, number, value);
}

static void take_on_link(struct relay_record *s, unsigned number, const char *value)
{
	take_prefix(&s->on_link, number, value);
}

/* One walk over V: a walk for each item would be slow in a record that is full of them. */
static void read_lists(struct relay_record *s, const struct record_view *v)
{
	static const struct {
		const char *key;
		void (*take)(struct relay_record *s, unsigned number, const char *value);
	} lists[] = {
		{"upstream", take_upstream},
		{upstream_source, take_upstream_source},
		{upstream_connect_us, take_upstream_connect},
		{"source", take_source},
		{"allow", take_allowed},
		{"on_link", take_on_link},
	};
	const char *key, *value;
	uint64_t number;
	for (size_t at = 0; record_next(v, &at, &key, &value);)
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
			size_t length = strlen(lists[i].key);
			if (strncmp(key, lists[i].key, length) == 0 && key[length] == '.' &&
				parse_number(key + length + 1, 1, RECORD_BYTES_MAX, &number))
				lists[i].take(s, (unsigned)number, value);
		}
}

void relay_add_upstream(struct record *r, const char *key, unsigned number, const struct upstream_told *u)
{
	record_add_item(r, key, number, "%s %s%s%s", u->endpoint, u->state, u->words != NULL ? " " : "",
		u->words != NULL ? u->words : "");
	record_add_item(r, upstream_source, number, "%s", u->source);
	if (u->connect_us >= 0)
		record_add_item(r, upstream_connect_us, number, "%lld", u->connect_us);
}

#define REFUSAL_KEY(name, key, help) [name] = key,
const char *const refusal_keys[REFUSAL_COUNT] = {REFUSALS(REFUSAL_KEY)};

const char *const relay_state_words[RELAY_STATE_COUNT] = {RELAY_STATES(WORD_TEXT)};

const char *const upstream_state_words[UPSTREAM_STATE_COUNT] = {UPSTREAM_STATES(WORD_TEXT)};

#define RECORD struct relay_record
#define TOLD   struct relay_told
const struct record_field relay_fields[] = RECORD_TABLE(RELAY_KEYS);

void relay_record_read(struct relay_record *s, const struct record_view *v, enum record_status status)
{
	bool read = record_read_fields(s, sizeof(*s), relay_fields, v, status);
	for (size_t i = 0; i < UPSTREAMS_MAX; i++)
		s->upstreams[i].connect_us = -1;
	if (!read)
		return;
	for (size_t i = 0; i < REFUSAL_COUNT; i++)
		s->refusals[i] = record_get_number(v, refusal_keys[i], 0);
	read_lists(s, v);
}

void relay_record_write(struct record *r, const struct relay_told *told)
{
	record_write_fields(r, told, relay_fields);
}

const char *relay_closed_by(const struct relay_record *s)
{
	if (s->allowed.count > 0 && strcmp(s->allowed.text[0], CONFIG_NONE) == 0)
		return "relay.allow";
	return strcmp(s->guard, CONFIG_NONE) == 0 ? "relay.guard" : NULL;
}

/* A single host, which is what an address of /32 leaves of its network; or link-local addresses, which no
 * client uses. */
static bool is_network(const char *prefix)
{
	const char *slash = strchr(prefix, '/');
	bool ipv6 = strchr(prefix, ':') != NULL;
	return slash != NULL && strcmp(slash, ipv6 ? "/128" : "/32") != 0 && strncmp(prefix, "fe80:", 5) != 0;
}

bool relay_allows_no_network(const struct relay_record *s)
{
	if (s->allowed.count != 1 || strcmp(s->allowed.text[0], CONFIG_ON_LINK) != 0)
		return false;
	for (unsigned i = 0; i < s->on_link.count; i++)
		if (i == ALLOWED_MAX || is_network(s->on_link.text[i]))
			return false;
	return true;
}

bool source_flawed(const struct source_record *s)
{
	return s->item[0] != '\0' && strcmp(s->state, source_state_words[SOURCE_OK]) != 0;
}
