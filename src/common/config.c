#include "common/config.h"

#include <stdio.h>
#include <string.h>

#include "common/net_text.h"
#include "common/record.h"

static bool valid_words(const struct config_definition *d, const char *value)
{
	for (const char *const *word = d->words; *word != NULL; word++)
		if (strcmp(*word, value) == 0)
			return true;
	return false;
}

static bool valid_number(const struct config_definition *d, const char *value)
{
	uint64_t number;
	return parse_number(value, d->min, d->max, &number);
}

static bool valid_host_name(const struct config_definition *d, const char *value)
{
	(void)d;
	/* HOST_NAME_MAX of Linux is 64. */
	return strlen(value) <= 64 && host_name_valid(value, strlen(value));
}

static bool valid_text(const struct config_definition *d, const char *value)
{
	(void)d;
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return false;
	return true;
}

/* Whether VALUE is a list of `min` to `max` items, each of them good. Empty is good when `min` is 0: it takes
 * a setting back. */
static bool valid_list(
	const struct config_definition *d, const char *value, bool (*good)(const char *, size_t))
{
	const char *item;
	size_t length;
	uint64_t count = 0;
	while (config_next_item(&value, &item, &length))
		if (!good(item, length) || ++count > d->max)
			return false;
	return count >= d->min;
}

static bool is_address(const char *item, size_t length)
{
	struct endpoint e;
	return endpoint_parse(&e, item, length) && e.literal;
}

static bool valid_addresses(const struct config_definition *d, const char *value)
{
	return valid_list(d, value, is_address);
}

static bool is_upstream(const char *item, size_t length)
{
	struct endpoint e;
	struct service_name n;
	return endpoint_parse(&e, item, length) || service_name_parse(&n, item, length);
}

static bool valid_upstreams(const struct config_definition *d, const char *value)
{
	return valid_list(d, value, is_upstream);
}

static bool is_allowed(const char *item, size_t length)
{
	struct prefix p;
	return prefix_parse(&p, item, length) ||
	       (length == strlen(CONFIG_ON_LINK) && memcmp(item, CONFIG_ON_LINK, length) == 0);
}

static bool valid_allow(const struct config_definition *d, const char *value)
{
	return valid_list(d, value, is_allowed);
}

static bool valid_domains(const struct config_definition *d, const char *value)
{
	return valid_list(d, value, host_name_valid);
}

int config_guard(const char *value, struct uuid *list, size_t max)
{
	static const char scheme[] = "dcerpc:";
	const char *item;
	size_t length, count = 0;
	struct uuid u;
	if (strcmp(value, "off") == 0)
		return 0;
	if (strncmp(value, scheme, sizeof(scheme) - 1) != 0)
		return -1;
	value += sizeof(scheme) - 1;
	for (; config_next_item(&value, &item, &length); count++) {
		if (count == max || !uuid_parse(&u, item, length))
			return -1;
		if (list != NULL)
			list[count] = u;
	}
	return count > 0 ? (int)count : -1;
}

static bool valid_guard(const struct config_definition *d, const char *value)
{
	return config_guard(value, NULL, d->max) >= 0;
}

static const char *const console_words[] = {"on", "off", "readonly", NULL};
static const char *const proxy_words[] = {"off", "v2", NULL};
static const char *const log_words[] = {"errors", "sessions", NULL};
static const char *const on_words[] = {"on", "off", NULL};

/* Only what prints it has it: the guest's programs never do, and each of them would carry it. */
#ifdef THIMBLE_CONFIG_HELP
#define HELP(text) .help = (text)
#else
#define HELP(text) .help = NULL
#endif

const struct config_definition config_definitions[CONFIG_KEY_COUNT] = {
	[CONFIG_HOSTNAME] = {"hostname", "", valid_host_name,
		.allowed = "a host name of letters, digits and "
			   "hyphens, at most 64 (RFC 1123)",
		HELP("host name")},
	[CONFIG_SEARCH] = {"search", "", valid_domains, .max = 8, .allowed = "DOMAIN[,...], at most 8",
		HELP("domains in which names are looked up, in place of those from DHCP and router "
		     "advertisements")},
	[CONFIG_CONSOLE] = {"console", "on", valid_words, .words = console_words,
		.allowed = "on, off or readonly",
		HELP("the status screen: on, off, or without the keys that act")},
	[CONFIG_SERVICE_ARGS] = {"service.args", "", valid_text,
		.allowed = "printable text; blanks part the "
			   "arguments, double quotes keep blanks",
		HELP("arguments of the service")},
	[CONFIG_RELAY_LISTEN] = {"relay.listen", "[::]:1688", valid_addresses, .min = 1, .max = 8,
		.allowed = "ADDRESS:PORT[,...], at most 8, an IPv6 address in brackets, ports 1 to 65535",
		HELP("where the relay listens; [::] takes IPv4 too")},
	[CONFIG_RELAY_UPSTREAM] = {"relay.upstream", "", valid_upstreams, .max = 16,
		.allowed = "HOST:PORT or srv:_service._tcp[.domain] [,...], at most 16, an IPv6 address in "
			   "brackets, ports 1 to 65535",
		HELP("the hosts that the relay passes connections to, the first one preferred")},
	[CONFIG_RELAY_ALLOW] = {"relay.allow", CONFIG_ON_LINK, valid_allow, .min = 1, .max = 32,
		.allowed = "PREFIX[,...] or on-link, at most 32: 10.0.0.0/8, 2001:db8::/32",
		HELP("clients that may use the relay; on-link: those of the networks that it is in")},
	[CONFIG_RELAY_GUARD] = {"relay.guard", "off", valid_guard, .max = 8,
		.allowed = "off, or dcerpc:UUID[,UUID], at most 8",
		HELP("lets only connections pass that begin with a DCE/RPC bind to one of these "
		     "interfaces")},
	[CONFIG_RELAY_MAX_CONNECTIONS] = {"relay.max-connections", "4096", valid_number, 1, 100000,
		.allowed = "a number from 1 to 100000", HELP("connections at once; more are refused")},
	[CONFIG_RELAY_MAX_CONNECTIONS_PER_CLIENT] = {"relay.max-connections-per-client", "0", valid_number, 0,
		100000, .allowed = "a number from 0 to 100000",
		HELP("of one address; 0: fifteen sixteenths of relay.max-connections")},
	[CONFIG_RELAY_CONNECT_TIMEOUT_S] = {"relay.connect-timeout-s", "4", valid_number, 1, 60,
		.allowed = "a number from 1 to 60",
		HELP("an upstream that has not answered by then is taken for down")},
	[CONFIG_RELAY_FIRST_BYTE_TIMEOUT_S] = {"relay.first-byte-timeout-s", "30", valid_number, 1, 86400,
		.allowed = "a number from 1 to 86400",
		HELP("a connection whose first byte has not come by then is closed; with a guard, its "
		     "first PDU")},
	[CONFIG_RELAY_IDLE_TIMEOUT_S] = {"relay.idle-timeout-s", "300", valid_number, 1, 86400,
		.allowed = "a number from 1 to 86400",
		HELP("a connection without a byte either way is closed after so many seconds")},
	[CONFIG_RELAY_HALF_CLOSED_TIMEOUT_S] = {"relay.half-closed-timeout-s", "60", valid_number, 1, 86400,
		.allowed = "a number from 1 to 86400", HELP("the same once one side has ended its stream")},
	[CONFIG_RELAY_MAX_SESSION_S] = {"relay.max-session-s", "86400", valid_number, 1, 604800,
		.allowed = "a number from 1 to 604800",
		HELP("a connection is closed after so many seconds whatever it does")},
	[CONFIG_RELAY_PROXY_PROTOCOL] = {"relay.proxy-protocol", "off", valid_words, .words = proxy_words,
		.allowed = "off or v2",
		HELP("tells the upstream the client's address by a PROXY protocol header")},
	[CONFIG_RELAY_LOG] = {"relay.log", "errors", valid_words, .words = log_words,
		.allowed = "errors or sessions", HELP("sessions: one line for each connection")},
	[CONFIG_RELAY_SPLICE] = {"relay.splice", "on", valid_words, .words = on_words, .allowed = "on or off",
		HELP("off: copies bytes through the relay's memory, to measure or to find a fault")},
};

static void set_entry(struct config *c, size_t key, const char *value, size_t length, const char *origin)
{
	memcpy(c->entry[key].value, value, length);
	c->entry[key].value[length] = '\0';
	snprintf(c->entry[key].origin, CONFIG_ORIGIN_MAX, "%s", origin);
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t key = 0; key < CONFIG_KEY_COUNT; key++) {
		const char *value = config_definitions[key].default_value;
		set_entry(c, key, value, strlen(value), "default");
	}
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

/* At most 80 bytes of what was read: enough to find the line, and the rest of the error fits. */
static void quote(struct text *t, const char *bytes, size_t length)
{
	text_add(t, "\"");
	text_add_escaped(t, bytes, length > 80 ? 80 : length);
	text_add(t, length > 80 ? "...\"" : "\"");
}

bool config_set(struct config *c, const char *key, size_t key_length, const char *value, size_t value_length,
	const char *origin, struct text *error)
{
	char copy[CONFIG_VALUE_MAX];
	size_t index;
	text_clear(error);
	text_add(error, "setting refused, from %s: ", origin);
	if (!find_key(key, key_length, &index)) {
		quote(error, key, key_length);
		text_add(error, " is no setting");
		goto refused;
	}
	const struct config_definition *d = &config_definitions[index];
	if (value_length >= sizeof(copy) || memchr(value, '\0', value_length) != NULL) {
		text_add(error, "%s: %zu bytes, at most %d allowed and no NUL", d->name, value_length,
			CONFIG_VALUE_MAX - 1);
		goto refused;
	}
	memcpy(copy, value, value_length);
	copy[value_length] = '\0';
	if (!d->valid(d, copy)) {
		text_add(error, "%s = ", d->name);
		quote(error, value, value_length);
		text_add(error, ", allowed: %s", d->allowed);
		goto refused;
	}
	set_entry(c, index, copy, value_length, origin);
	text_clear(error);
	return true;
refused:
	c->refused++;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **s, size_t *length)
{
	while (*length > 0 && is_blank(**s)) {
		(*s)++;
		(*length)--;
	}
	while (*length > 0 && is_blank((*s)[*length - 1]))
		(*length)--;
}

static void read_line(
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
		quote(&error, line, length);
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
	while (length > 0) {
		char where[CONFIG_ORIGIN_MAX];
		const char *end = memchr(bytes, '\n', length);
		size_t line_length = end == NULL ? length : (size_t)(end - bytes);
		snprintf(where, sizeof(where), "%s, line %u", origin, ++line_number);
		read_line(c, bytes, line_length, where, report);
		size_t step = line_length + (end != NULL);
		bytes += step;
		length -= step;
	}
}

void config_read_command_line(struct config *c, const char *bytes, size_t length, config_report *report)
{
	static const char prefix[] = "thimble.";
	const size_t prefix_length = sizeof(prefix) - 1;
	size_t at = 0;
	while (at < length) {
		char word[sizeof(prefix) + CONFIG_VALUE_MAX + 64];
		size_t used = 0;
		bool quoted = false;
		while (at < length && (is_blank(bytes[at]) || bytes[at] == '\n'))
			at++;
		for (; at < length && (quoted || !(is_blank(bytes[at]) || bytes[at] == '\n')); at++) {
			if (bytes[at] == '"')
				quoted = !quoted;
			else if (used < sizeof(word))
				word[used++] = bytes[at];
			/* A word that does not fit is longer than any value may be: config_set refuses it. */
		}
		if (used > prefix_length && memcmp(word, prefix, prefix_length) == 0)
			read_line(
				c, word + prefix_length, used - prefix_length, "kernel command line", report);
	}
}

const char *config_get(const struct config *c, enum config_key key)
{
	return c->entry[key].value;
}

uint64_t config_number(const struct config *c, enum config_key key)
{
	uint64_t number = 0;
	parse_number(c->entry[key].value, 0, UINT64_MAX, &number);
	return number;
}

int config_save(const struct config *c)
{
	static struct record r;
	char key[RECORD_NAME_MAX];
	record_begin(&r);
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		snprintf(key, sizeof(key), "origin.%s", config_definitions[i].name);
		record_add(&r, config_definitions[i].name, "%s", c->entry[i].value);
		record_add(&r, key, "%s", c->entry[i].origin);
	}
	return record_commit(&r, "init", "config");
}

void config_load(struct config *c)
{
	static struct record_view v;
	char message[512];
	struct text error = TEXT(message);
	config_init(c);
	if (record_read(&v, "init", "config") < 0)
		return;
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		const char *name = config_definitions[i].name;
		const char *value = record_get(&v, name);
		if (value != NULL && value[0] != '\0')
			config_set(c, name, strlen(name), value, strlen(value), "init/config", &error);
	}
}

bool config_next_item(const char **at, const char **item, size_t *length)
{
	while (**at == ',' || is_blank(**at))
		(*at)++;
	if (**at == '\0')
		return false;
	*item = *at;
	*length = strcspn(*at, ",");
	*at += *length;
	trim(item, length);
	return true;
}
