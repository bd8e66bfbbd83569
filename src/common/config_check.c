#include "common/config_check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/allow.h"
#include "common/arguments.h"
#include "common/check_target.h"
#include "common/collector.h"
#include "common/ip_setting.h"
#include "common/net_text.h"

static const char *const console_words[] = {"on", CONFIG_OFF, CONFIG_READONLY, NULL};
static const char *const proxy_words[] = {"off", "v2", NULL};
static const char *const log_words[] = {"errors", "sessions", NULL};
static const char *const on_words[] = {"on", "off", NULL};

/* Each check: NULL when VALUE is good, else why it is not, "" when what is allowed says it all. */
static const char *verdict(bool good)
{
	return good ? NULL : "";
}

static const char *check_words(const struct config_definition *d, const char *value)
{
	for (const char *const *word = d->words; *word != NULL; word++)
		if (strcmp(*word, value) == 0)
			return NULL;
	return "";
}

static const char *check_number(const struct config_definition *d, const char *value)
{
	uint64_t number;
	return verdict(parse_number(value, d->min, d->max, &number));
}

static const char *check_mtu(const struct config_definition *d, const char *value)
{
	return strcmp(value, "0") == 0 ? NULL : check_number(d, value);
}

static const char *check_host_name(const struct config_definition *d, const char *value)
{
	(void)d;
	return verdict(machine_name_valid(value, strlen(value)));
}

/* Any text without control characters. */
static const char *check_variable(const struct config_definition *d, const char *value)
{
	(void)d;
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "a control character";
	return NULL;
}

static const char *check_arguments(const struct config_definition *d, const char *value)
{
	char copy[CONFIG_VALUE_MAX];
	size_t count;
	const char *why = check_variable(d, value);
	if (why != NULL)
		return why;
	snprintf(copy, sizeof(copy), "%s", value);
	return arguments_split(copy, NULL, CONFIG_ARGUMENTS_MAX, &count);
}

/* Whether VALUE is a list of `min` to `max` items, each of them good. Empty is good when `min` is 0: it takes
 * a setting back. */
static const char *check_list(
	const struct config_definition *d, const char *value, bool (*good)(const char *, size_t))
{
	const char *item;
	size_t length;
	uint64_t count = 0;
	while (config_next_item(&value, &item, &length))
		if (!good(item, length) || ++count > d->max)
			return "";
	return verdict(count >= d->min);
}

static bool is_address(const char *item, size_t length)
{
	struct endpoint e;
	return endpoint_parse(&e, item, length) && e.literal;
}

static const char *check_addresses(const struct config_definition *d, const char *value)
{
	return check_list(d, value, is_address);
}

static bool is_upstream(const char *item, size_t length)
{
	struct endpoint e;
	struct service_name n;
	return endpoint_parse(&e, item, length) || service_name_parse(&n, item, length);
}

static const char *check_upstreams(const struct config_definition *d, const char *value)
{
	return check_list(d, value, is_upstream);
}

static bool is_allowed(const char *item, size_t length)
{
	struct allow a = {0};
	return allow_take(&a, item, length);
}

static const char *check_allow(const struct config_definition *d, const char *value)
{
	return check_list(d, value, is_allowed);
}

static const char *check_domains(const struct config_definition *d, const char *value)
{
	return check_list(d, value, host_name_valid);
}

/* An address without port, prefix or scope. */
static bool is_ip(const char *item, size_t length)
{
	struct prefix p;
	return memchr(item, '/', length) == NULL && prefix_parse(&p, item, length);
}

/* Of one host, and good without a NIC's name beside it. */
static bool is_server(const char *item, size_t length)
{
	struct prefix p;
	if (!is_ip(item, length) || !prefix_parse(&p, item, length))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&p.address))
		return p.address.s6_addr[12] != 0 && p.address.s6_addr[12] < 224;
	return !IN6_IS_ADDR_LINKLOCAL(&p.address) && !IN6_IS_ADDR_MULTICAST(&p.address) &&
	       !IN6_IS_ADDR_UNSPECIFIED(&p.address);
}

static const char *check_servers(const struct config_definition *d, const char *value)
{
	return check_list(d, value, is_server);
}

static bool is_host(const char *item, size_t length)
{
	return is_ip(item, length) || host_name_valid(item, length);
}

static const char *check_hosts(const struct config_definition *d, const char *value)
{
	return check_list(d, value, is_host);
}

/* Empty takes a setting back. */
static const char *check_collector(const struct config_definition *d, const char *value)
{
	struct collector c;
	(void)d;
	return verdict(
		value[0] == '\0' || strcmp(value, "off") == 0 || collector_parse(&c, value, strlen(value)));
}

static const char *check_ip(const struct config_definition *d, const char *value)
{
	struct ip_setting list[IP_SETTINGS_MAX];
	size_t count;
	const char *why = ip_settings_read(list, &count, value);
	return why != NULL ? why : verdict(count >= d->min);
}

static bool is_nic(const char *item, size_t length)
{
	struct ip_setting s;
	return ip_setting_parse_nic(&s, item, length);
}

static const char *check_trust(const struct config_definition *d, const char *value)
{
	if (strcmp(value, CONFIG_TRUST_ALL) == 0 || strcmp(value, CONFIG_TRUST_SINGLE) == 0)
		return NULL;
	return check_list(d, value, is_nic);
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

int config_guard(const char *value, struct uuid *list, size_t max)
{
	static const char scheme[] = "dcerpc:";
	const char *item;
	size_t length, count = 0;
	struct uuid u;
	if (strcmp(value, "off") == 0 || strcmp(value, CONFIG_NONE) == 0)
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

size_t config_family_prefix(enum config_family family)
{
	return strlen(config_families[family].name) - (sizeof("NAME") - 1);
}

bool config_is_variable(const char *name, size_t length)
{
	if (length == 0 || length > CONFIG_NAME_MAX || isdigit((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_')
			return false;
	return true;
}

static const char *check_service_check(const struct config_definition *d, const char *value)
{
	struct check_target target;
	(void)d;
	return verdict(strcmp(value, CONFIG_OFF) == 0 || check_target_parse(&target, value));
}

static const char *check_guard(const struct config_definition *d, const char *value)
{
	return verdict(config_guard(value, NULL, d->max) >= 0);
}

/* Only what prints it has the help: the guest's programs never do, and each of them would carry it. */
#ifdef THIMBLE_CONFIG_HELP
#define HELP(text) (text)
#else
#define HELP(text) NULL
#endif

#define DEFINITION(id, name, fallback, check, min, max, words, allowed, help)                                \
	[CONFIG_##id] = {name, fallback, check, min, max, words, allowed, HELP(help)},

const struct config_definition config_definitions[CONFIG_KEY_COUNT] = {CONFIG_KEYS(DEFINITION)};
const struct config_definition config_families[CONFIG_FAMILY_COUNT] = {CONFIG_FAMILIES(DEFINITION)};
