#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "init.h"

size_t split_words(char *line, char **words, size_t max)
{
	size_t count = 0;
	while (*line != '\0') {
		line += strspn(line, " \t");
		if (*line == '\0')
			break;
		if (count + 1 >= max)
			return 0;
		char *out = line;
		bool quoted = false;
		words[count++] = line;
		for (; *line != '\0' && (quoted || (*line != ' ' && *line != '\t')); line++) {
			if (*line == '"')
				quoted = !quoted;
			else
				*out++ = *line;
		}
		if (quoted)
			return 0;
		if (*line != '\0')
			line++;
		*out = '\0';
	}
	words[count] = NULL;
	return count;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from == NULL ? "" : from);
}

static uint64_t number(
	const struct record_view *v, const char *key, uint64_t min, uint64_t max, uint64_t fallback)
{
	const char *value = record_get(v, key);
	uint64_t result = fallback;
	if (value != NULL && !parse_number(value, min, max, &result))
		log_warnx("appliance: %s=%s: allowed: %llu to %llu", key, value, (unsigned long long)min,
			(unsigned long long)max);
	return result;
}

void appliance_read(struct appliance *a, const char *path)
{
	static char bytes[4096];
	static struct record_view v;
	char *words[PORTS_MAX + 1];
	ssize_t length = file_read(path, bytes, sizeof(bytes));
	if (record_parse(&v, bytes, length < 0 ? 0 : (size_t)length) < 0 || length < 0)
		log_warn("%s", path);
	memset(a, 0, sizeof(*a));
	copy(a->name, sizeof(a->name), record_get(&v, "name"));
	copy(a->version, sizeof(a->version), record_get(&v, "version"));
	copy(a->arch, sizeof(a->arch), record_get(&v, "arch"));
	copy(a->service, sizeof(a->service), record_get(&v, "service"));
	copy(a->helper, sizeof(a->helper), record_get(&v, "helper"));
	a->debug = number(&v, "debug", 0, 1, 0) != 0;
	a->processes_limit = number(&v, "processes_limit", 1, 4096, 64);
	a->memory_limit_percent = (unsigned)number(&v, "memory_limit_percent", 1, 100, 70);

	const char *capabilities = record_get(&v, "capabilities");
	if (capabilities != NULL && strcmp(capabilities, "net_bind_service") == 0)
		a->capabilities = UINT64_C(1) << CAP_NET_BIND_SERVICE;

	const char *ports = record_get(&v, "ports");
	copy(bytes, sizeof(bytes), ports);
	a->port_count = split_words(bytes, words, PORTS_MAX + 1);
	for (size_t i = 0; i < a->port_count; i++)
		copy(a->ports[i], sizeof(a->ports[i]), words[i]);
}
