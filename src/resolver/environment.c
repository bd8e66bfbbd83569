#include "environment.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/file.h"
#include "common/log.h"
#include "common/text.h"
#include "records/resolver.h"

enum { CONF_BYTES_MAX = 4096 }; /* src/net writes less than 1 KB */

const char environment_conf_path[] = "/etc/resolv.conf";

static void add_domain(struct environment *e, const char *name, size_t length)
{
	if (e->domain_count == DOMAINS_MAX || !host_name_valid(name, length))
		return;
	if (name[length - 1] == '.')
		length--;
	char *domain = e->domain[e->domain_count];
	memcpy(domain, name, length);
	domain[length] = '\0';
	for (unsigned i = 0; i < e->domain_count; i++)
		if (strcasecmp(e->domain[i], domain) == 0)
			return;
	e->domain_count++;
}

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *bytes, size_t length)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return value;
}

/* The next word of the line up to END; false when there is none. */
static bool next_word(const char **at, const char *end, const char **word, size_t *length)
{
	while (*at < end && is_blank(**at))
		(*at)++;
	*word = *at;
	while (*at < end && !is_blank(**at))
		(*at)++;
	*length = (size_t)(*at - *word);
	return *length > 0;
}

static bool word_is(const char *word, size_t length, const char *expected)
{
	return strlen(expected) == length && memcmp(word, expected, length) == 0;
}

static void read_conf_line(struct environment *e, const char *at, const char *end)
{
	const char *word;
	size_t length;
	if (!next_word(&at, end, &word, &length))
		return;
	if (word_is(word, length, "nameserver")) {
		e->has_servers = e->has_servers || next_word(&at, end, &word, &length);
	} else if (word_is(word, length, "search") || word_is(word, length, "domain")) {
		e->domain_count = 0;
		while (next_word(&at, end, &word, &length))
			add_domain(e, word, length);
	}
}

void environment_read_conf(struct environment *e, const char *bytes, size_t length)
{
	*e = (struct environment){.servers_hash = hash(bytes, length)};
	const char *end = bytes + length;
	while (bytes < end) {
		const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
		if (line_end == NULL)
			line_end = end;
		read_conf_line(e, bytes, line_end);
		bytes = line_end + 1;
	}
}

void environment_read_record(struct environment *e, const struct record_view *net_resolver)
{
	if (record_get_item(net_resolver, LIST_OF(resolver, search), 1) == NULL)
		return;
	e->domain_count = 0;
	const char *value;
	for (unsigned i = 1; (value = record_get_item(net_resolver, LIST_OF(resolver, search), i)) != NULL;
		i++)
		add_domain(e, value, strcspn(value, " "));
}

void environment_read_search(struct environment *e, const char *search)
{
	const char *item;
	size_t length;
	if (search[0] == '\0')
		return;
	e->domain_count = 0;
	while (config_next_item(&search, &item, &length))
		add_domain(e, item, length);
}

void environment_read(struct environment *e, const struct config *c)
{
	static struct record_view view; /* 32 KB: too large for the stack of a small program */
	char conf[CONF_BYTES_MAX];
	ssize_t length = file_read(environment_conf_path, conf, sizeof(conf));
	environment_read_conf(e, conf, length > 0 ? (size_t)length : 0);
	if (record_read(&view, "net", "resolver") == 0)
		environment_read_record(e, &view);
	else if (errno != ENOENT && !file_error_passes(errno))
		log_warn("record net/resolver: taken as if it were not there");
	environment_read_search(e, config_get(c, CONFIG_SEARCH));
}

bool environment_is_same(const struct environment *a, const struct environment *b)
{
	if (a->has_servers != b->has_servers || a->servers_hash != b->servers_hash ||
		a->domain_count != b->domain_count)
		return false;
	for (unsigned i = 0; i < a->domain_count; i++)
		if (strcmp(a->domain[i], b->domain[i]) != 0)
			return false;
	return true;
}
