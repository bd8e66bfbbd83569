#include "common/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/file.h"
#include "common/text.h"

/* Of those that guard, the strictest value: it lets nobody in, or grants the least that still tells why. */
static const char *const closed[CONFIG_KEY_COUNT] = {
	[CONFIG_TRUST] = CONFIG_TRUST_SINGLE,
	[CONFIG_CONSOLE] = CONFIG_READONLY,
	[CONFIG_STATUS_PORT] = "0",
	[CONFIG_STATUS_ALLOW] = CONFIG_NONE,
	[CONFIG_RELAY_ALLOW] = CONFIG_NONE,
	[CONFIG_RELAY_GUARD] = CONFIG_NONE,
};

_Static_assert(CONFIG_BYTES_MAX <= UINT16_MAX, "places in `bytes` are 16 bits");

/* The place that comes first among those from FROM on, or NULL. */
static uint16_t *next_place(struct config *c, size_t from)
{
	uint16_t *next = NULL;
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++) {
		uint16_t *places[] = {&c->entry[key].value, &c->entry[key].origin};
		for (size_t i = 0; i < 2; i++)
			if (*places[i] >= from && (next == NULL || *places[i] < *next))
				next = places[i];
	}
	return next;
}

/* Closes the gaps that values left when they were set anew. */
static void pack(struct config *c)
{
	size_t to = 0, from = 0;
	for (uint16_t *place; (place = next_place(c, from)) != NULL;) {
		size_t length = strlen(c->bytes + *place) + 1;
		from = *place + length;
		memmove(c->bytes + to, c->bytes + *place, length);
		*place = (uint16_t)to;
		to += length;
	}
	c->used = to;
}

static uint16_t put_string(struct config *c, const char *text)
{
	uint16_t place = (uint16_t)c->used;
	size_t length = strlen(text) + 1;
	memcpy(c->bytes + place, text, length);
	c->used += length;
	return place;
}

/* Room that is kept for those that are closed: it must never be wanting. */
enum { CLOSED_BYTES = 6 * (sizeof(CONFIG_READONLY) + CONFIG_ORIGIN_MAX) };

/* False: there is no room for it within LIMIT bytes. */
static bool set_value(struct config *c, size_t key, const char *value, const char *origin, size_t limit)
{
	char cut[CONFIG_ORIGIN_MAX];
	snprintf(cut, sizeof(cut), "%s", origin);
	size_t length = strlen(value) + strlen(cut) + 2;
	if (c->used + length > limit)
		pack(c);
	if (c->used + length > limit)
		return false;
	c->entry[key].value = put_string(c, value);
	c->entry[key].origin = put_string(c, cut);
	c->entry[key].source = c->source;
	return true;
}

void config_init(struct config *c)
{
	c->source = c->refused = 0;
	c->used = 0;
	c->hides = false;
	c->variables.count = 0;
	c->variables.used = 0;
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
		set_value(c, key, config_definitions[key].default_value, "default", CONFIG_BYTES_MAX);
}

static bool find_key(const char *name, size_t length, size_t *key)
{
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		if (strlen(config_definitions[i].name) == length &&
			memcmp(config_definitions[i].name, name, length) == 0) {
			*key = i;
			return true;
		}
	}
	return false;
}

static bool find_family(const char *key, size_t length, enum config_family *family)
{
	for (*family = 0; *family < CONFIG_FAMILY_COUNT; (*family)++) {
		size_t prefix = config_family_prefix(*family);
		if (length >= prefix && memcmp(config_families[*family].name, key, prefix) == 0)
			return true;
	}
	return false;
}

/* Whether a secret is what is meant, well written or not. */
static bool names_secret(const char *bytes, size_t length)
{
	static const char word[] = "secret";
	for (size_t i = 0; i + sizeof(word) - 1 <= length; i++)
		if (strncasecmp(bytes + i, word, sizeof(word) - 1) == 0)
			return true;
	return false;
}

/* At most 80 bytes of what was read: enough to find the line, and the rest of the error fits. */
static void quote_bytes(struct text *t, const char *bytes, size_t length)
{
	text_add(t, "\"");
	text_add_escaped(t, bytes, length > 80 ? 80 : length);
	text_add(t, length > 80 ? "...\"" : "\"");
}

static void quote_key(struct text *t, const char *bytes, size_t length)
{
	size_t key = 0;
	while (key < length && (isalnum((unsigned char)bytes[key]) || strchr("._-", bytes[key]) != NULL))
		key++;
	quote_bytes(t, bytes, key);
}

/* Of a secret only its name, and of what follows it in a source nothing: it may be the secret's next line. */
static void quote(const struct config *c, struct text *t, const char *bytes, size_t length)
{
	if (c->hides)
		text_add(t, "(not shown, it follows a secret)");
	else if (names_secret(bytes, length))
		quote_key(t, bytes, length);
	else
		quote_bytes(t, bytes, length);
}

void config_next_source(struct config *c)
{
	c->source++;
	c->hides = false;
}

/* A screen that was not to be there at all stays away. */
static void close_entry(struct config *c, size_t key, const char *origin)
{
	if (key == CONFIG_CONSOLE && strcmp(config_get(c, CONFIG_CONSOLE), CONFIG_OFF) == 0)
		return;
	set_value(c, key, closed[key], origin, CONFIG_BYTES_MAX);
}

void config_close(struct config *c, const char *origin)
{
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
		if (closed[key] != NULL)
			close_entry(c, key, origin);
}

void config_take_closed(struct config *c, const struct config *read)
{
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++)
		if (closed[key] != NULL && strcmp(config_get(read, (enum config_key)key), closed[key]) == 0)
			close_entry(c, key, config_origin(read, (enum config_key)key));
}

/* "Relay_Allow" is no setting, and means one. */
static bool is_meant(const char *name, const char *word, size_t length)
{
	for (; length > 0 && *name != '\0'; name++, word++, length--)
		if (tolower((unsigned char)*word) != *name &&
			!(ispunct((unsigned char)*word) && ispunct((unsigned char)*name)))
			return false;
	return *name == '\0' && (length == 0 || !isalnum((unsigned char)*word));
}

static bool says_who_may_come(size_t key)
{
	return key != CONFIG_TRUST && key != CONFIG_CONSOLE;
}

/* What begins with WORD was refused: where it means a setting that guards, it gets its strictest value. */
static void close_meant(
	struct config *c, const char *word, size_t length, const char *origin, struct text *error)
{
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++) {
		if (closed[key] == NULL || !is_meant(config_definitions[key].name, word, length))
			continue;
		close_entry(c, key, origin);
		if (says_who_may_come(key))
			text_add(error, ", nobody may come until it is right");
		else
			text_add(error, ", %s is %s until it is right", config_definitions[key].name,
				config_get(c, (enum config_key)key));
	}
}

/* A further line of the same source: its items come behind those that are there. False: no room. */
static bool append(char *copy, const struct config *c, enum config_key key)
{
	const char *before = config_get(c, key);
	size_t length = strlen(before), more = strlen(copy) + 1;
	if (copy[0] == '\0' || key != CONFIG_IP || c->source == 0 || c->entry[key].source != c->source)
		return true;
	if (length + 1 + more > CONFIG_VALUE_MAX)
		return false;
	memmove(copy + length + 1, copy, more);
	memcpy(copy, before, length);
	copy[length] = ' ';
	return true;
}

/* False, with why in ERROR: it is longer than a value may be. */
static bool copy_value(char copy[static CONFIG_VALUE_MAX], const char *key, size_t key_length,
	const char *value, size_t length, struct text *error)
{
	if (length >= CONFIG_VALUE_MAX || memchr(value, '\0', length) != NULL) {
		text_add(error, "%.*s: %zu bytes, at most %d allowed and no NUL", (int)key_length, key,
			length, CONFIG_VALUE_MAX - 1);
		return false;
	}
	memcpy(copy, value, length);
	copy[length] = '\0';
	return true;
}

/* As config_set. Its errors never have the value. */
static bool set_variable(struct config *c, enum config_family family, const char *key, size_t key_length,
	const char *value, size_t value_length, const char *origin, struct text *error)
{
	char copy[CONFIG_VALUE_MAX];
	const struct config_definition *d = &config_families[family];
	const char *name = key + config_family_prefix(family);
	size_t name_length = (size_t)(key + key_length - name);
	if (!config_is_variable(name, name_length)) {
		quote_key(error, key, key_length);
		text_add(error, " is no setting, allowed: %s", d->allowed);
		return false;
	}
	if (!copy_value(copy, key, key_length, value, value_length, error))
		return false;
	const char *why = d->check(d, copy);
	if (why == NULL)
		why = config_variables_set(&c->variables, family, name, name_length, copy, origin);
	if (why != NULL)
		text_add(error, "%.*s, %s, allowed: %s", (int)key_length, key, why, d->allowed);
	return why == NULL;
}

bool config_set(struct config *c, const char *key, size_t key_length, const char *value, size_t value_length,
	const char *origin, struct text *error)
{
	char copy[CONFIG_VALUE_MAX];
	enum config_family family;
	size_t index;
	text_clear(error);
	text_add(error, "setting refused, from %s: ", origin);
	if (find_family(key, key_length, &family)) {
		if (!set_variable(c, family, key, key_length, value, value_length, origin, error))
			goto refused;
		goto taken;
	}
	if (!find_key(key, key_length, &index)) {
		quote(c, error, key, key_length);
		text_add(error, " is no setting");
		close_meant(c, key, key_length, origin, error);
		goto refused;
	}
	const struct config_definition *d = &config_definitions[index];
	if (!copy_value(copy, key, key_length, value, value_length, error)) {
		close_meant(c, key, key_length, origin, error);
		goto refused;
	}
	const char *why = append(copy, c, (enum config_key)index) ? d->check(d, copy) : "too many";
	if (why == NULL && !set_value(c, index, copy, origin, CONFIG_BYTES_MAX - CLOSED_BYTES))
		why = "no room beside the other settings";
	if (why != NULL) {
		text_add(error, "%s = ", d->name);
		quote(c, error, value, value_length);
		text_add(error, "%s%s", why[0] != '\0' ? ", " : "", why);
		close_meant(c, key, key_length, origin, error);
		text_add(error, ", allowed: %s", d->allowed);
		goto refused;
	}
taken:
	c->hides = names_secret(key, key_length);
	text_clear(error);
	return true;
refused:
	c->hides |= names_secret(key, key_length);
	c->refused++;
	return false;
}

void config_read_line(
	struct config *c, const char *line, size_t length, const char *origin, config_report *report)
{
	char message[512];
	struct text error = TEXT(message);
	trim(&line, &length);
	if (length == 0 || line[0] == '#')
		return;
	const char *equals = memchr(line, '=', length);
	if (equals == NULL) {
		c->refused++;
		text_clear(&error);
		text_add(&error, "setting refused, from %s: ", origin);
		quote(c, &error, line, length);
		c->hides |= names_secret(line, length);
		close_meant(c, line, length, origin, &error);
		text_add(&error, ", allowed: key = value");
		report(message);
		return;
	}
	const char *key = line, *value = equals + 1;
	size_t key_length = (size_t)(equals - line), value_length = length - key_length - 1;
	trim(&key, &key_length);
	trim(&value, &value_length);
	if (!config_set(c, key, key_length, value, value_length, origin, &error))
		report(message);
}

void config_read_text(
	struct config *c, const char *bytes, size_t length, const char *origin, config_report *report)
{
	unsigned line_number = 0;
	config_next_source(c);
	while (length > 0) {
		char where[CONFIG_ORIGIN_MAX];
		const char *end = memchr(bytes, '\n', length);
		size_t line_length = end == NULL ? length : (size_t)(end - bytes);
		snprintf(where, sizeof(where), "%s, line %u", origin, ++line_number);
		config_read_line(c, bytes, line_length, where, report);
		size_t step = line_length + (end != NULL);
		bytes += step;
		length -= step;
	}
}

static const char command_line[] = "kernel command line";

/* Linux takes each double quote for its own: what was meant is not what is there. */
static void refuse_escape(struct config *c, const char *word, size_t length, config_report *report)
{
	char message[512];
	struct text error = TEXT(message);
	text_add(&error, "setting refused, from %s: ", command_line);
	quote(c, &error, word, length);
	close_meant(
		c, word + sizeof("thimble.") - 1, length - (sizeof("thimble.") - 1), command_line, &error);
	text_add(&error, ", a double quote within a value, allowed: 'single quotes' in the value, double "
			 "ones around it");
	c->refused++;
	report(message);
}

void config_read_command_line(struct config *c, const char *bytes, size_t length, config_report *report)
{
	static const char prefix[] = "thimble.";
	const size_t prefix_length = sizeof(prefix) - 1;
	size_t at = 0;
	config_next_source(c);
	while (at < length) {
		char word[sizeof(prefix) + CONFIG_VALUE_MAX + 2 * CONFIG_NAME_MAX];
		size_t used = 0;
		bool quoted = false, escaped = false;
		while (at < length && (is_blank(bytes[at]) || bytes[at] == '\n'))
			at++;
		for (; at < length && (quoted || !(is_blank(bytes[at]) || bytes[at] == '\n')); at++) {
			escaped |= bytes[at] == '"' && used > 0 && bytes[at - 1] == '\\';
			if (bytes[at] == '"')
				quoted = !quoted;
			else if (used < sizeof(word))
				word[used++] = bytes[at];
			/* A word that does not fit is longer than any value may be: config_set refuses it. */
		}
		if (used <= prefix_length || memcmp(word, prefix, prefix_length) != 0)
			continue;
		if (escaped)
			refuse_escape(c, word, used, report);
		else
			config_read_line(c, word + prefix_length, used - prefix_length, command_line, report);
	}
}

const char *config_get(const struct config *c, enum config_key key)
{
	return c->bytes + c->entry[key].value;
}

const char *config_origin(const struct config *c, enum config_key key)
{
	return c->bytes + c->entry[key].origin;
}

uint64_t config_number(const struct config *c, enum config_key key)
{
	uint64_t number = 0;
	parse_number(config_get(c, key), 0, UINT64_MAX, &number);
	return number;
}

const char *config_variable(const struct config *c, unsigned i, bool *secret)
{
	if (secret != NULL)
		*secret = i < c->variables.count && c->variables.entry[i].family == CONFIG_SERVICE_SECRET;
	return config_variables_get(&c->variables, i);
}

bool config_same(const struct config *a, const struct config *b)
{
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		if (strcmp(config_get(a, (enum config_key)key), config_get(b, (enum config_key)key)) != 0)
			return false;
	return config_variables_same(&a->variables, &b->variables);
}

/* The service has them from init, not from the record, which is for people: it keeps within its bounds. */
static void save_variables(struct record *r, const struct config *c)
{
	enum { SHOWN_MAX = 128 };
	char key[sizeof("origin.service.secret.") + CONFIG_NAME_MAX];
	bool secret;
	const char *variable;
	for (unsigned i = 0; (variable = config_variable(c, i, &secret)) != NULL; i++) {
		enum config_family family = c->variables.entry[i].family;
		const char *value = strchr(variable, '=') + 1;
		struct text t = TEXT(key);
		text_add(&t, "origin.%.*s%.*s", (int)config_family_prefix(family),
			config_families[family].name, (int)(value - 1 - variable), variable);
		record_add(r, key + sizeof("origin.") - 1, "%.*s%s", SHOWN_MAX, secret ? "(set)" : value,
			!secret && strlen(value) > SHOWN_MAX ? "..." : "");
		record_add(r, key, "%s", c->variables.entry[i].origin);
	}
}

int config_save(const struct config *c)
{
	static struct record r;
	char key[RECORD_NAME_MAX];
	record_begin(&r);
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		snprintf(key, sizeof(key), "origin.%s", config_definitions[i].name);
		record_add(&r, config_definitions[i].name, "%s", config_get(c, (enum config_key)i));
		record_add(&r, key, "%s", config_origin(c, (enum config_key)i));
	}
	save_variables(&r, c);
	return record_commit(&r, "init", "config");
}

int config_load(struct config *c)
{
	static struct record_view v;
	char message[512];
	struct text error = TEXT(message);
	config_init(c);
	if (record_read(&v, "init", "config") < 0) {
		int failure = errno;
		config_close(c, "init/config");
		errno = failure;
		return file_error_passes(failure) ? -1 : 0;
	}
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		const char *name = config_definitions[i].name;
		const char *value = record_get(&v, name);
		if (value != NULL && value[0] != '\0')
			config_set(c, name, strlen(name), value, strlen(value), "init/config", &error);
	}
	return 0;
}

const char *config_load_one(enum config_key key, struct record_view *room)
{
	const struct config_definition *d = &config_definitions[key];
	int error = record_read(room, "init", "config") < 0 ? errno : 0; /* empty when there is none */
	const char *value = record_get(room, d->name);
	errno = file_error_passes(error) ? error : 0;
	return value != NULL && (value[0] == '\0' || d->check(d, value) == NULL) ? value : NULL;
}
