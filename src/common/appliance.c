#include "appliance.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "file.h"
#include "log.h"
#include "net_text.h"
#include "record.h"

/* What a service may be given over the guest's network. */
static const struct {
	const char *name;
	unsigned number;
} capabilities[] = {
	{"net_bind_service", CAP_NET_BIND_SERVICE},
	{"net_admin", CAP_NET_ADMIN},
	{"net_raw", CAP_NET_RAW},
};

static const struct {
	const char *key;
	size_t offset, size;
} texts[] = {
#define FACT(member) offsetof(struct appliance, member), sizeof(((struct appliance *)0)->member)
	{"name", FACT(name)},
	{"version", FACT(version)},
	{"arch", FACT(arch)},
	{"service", FACT(service)},
	{"helper", FACT(helper)},
	{"service_sees", FACT(service_sees)},
};

static uint64_t number(const char *key, const char *value, uint64_t min, uint64_t max, uint64_t fallback)
{
	uint64_t result = fallback;
	if (!parse_number(value, min, max, &result))
		log_warnx("appliance: %s=%s: allowed: %llu to %llu", key, value, (unsigned long long)min,
			(unsigned long long)max);
	return result;
}

/* Takes the words of VALUE, at most MAX - 1, into WORDS, which point into LINE. Returns their count. */
static size_t split(
	const char *key, const char *value, char *line, size_t line_bytes, char **words, size_t max)
{
	size_t count;
	snprintf(line, line_bytes, "%s", value);
	const char *why = arguments_split(line, words, max, &count);
	if (why != NULL)
		log_warnx("appliance: %s=%s: %s", key, value, why);
	return count;
}

static void set_ports(struct appliance *a, const char *value)
{
	char line[512], *words[PORTS_MAX + 1];
	a->port_count = split("ports", value, line, sizeof(line), words, PORTS_MAX + 1);
	for (size_t i = 0; i < a->port_count; i++)
		snprintf(a->ports[i], sizeof(a->ports[i]), "%s", words[i]);
}

static void set_capabilities(struct appliance *a, const char *value)
{
	char line[128], *words[8];
	size_t count = split("capabilities", value, line, sizeof(line), words, 8);
	a->capabilities = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t mask = 0;
		for (size_t k = 0; k < sizeof(capabilities) / sizeof(capabilities[0]); k++)
			if (strcmp(words[i], capabilities[k].name) == 0)
				mask = UINT64_C(1) << capabilities[k].number;
		if (mask == 0)
			log_warnx("appliance: capabilities=%s: allowed: net_bind_service, net_admin, net_raw",
				value);
		a->capabilities |= mask;
	}
}

void appliance_set(struct appliance *a, const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			snprintf((char *)a + texts[i].offset, texts[i].size, "%s", value);
	if (strcmp(key, "debug") == 0)
		a->debug = number(key, value, 0, 1, 0) != 0;
	else if (strcmp(key, "processes_limit") == 0)
		a->processes_limit = number(key, value, 1, PROCESSES_MAX, a->processes_limit);
	else if (strcmp(key, "capabilities") == 0)
		set_capabilities(a, value);
	else if (strcmp(key, "ports") == 0)
		set_ports(a, value);
}

void appliance_read(struct appliance *a, const char *path)
{
	static char bytes[4096];
	static struct record_view v;
	const char *key, *value;
	size_t at = 0;
	ssize_t length = file_read(path, bytes, sizeof(bytes));
	if (record_parse(&v, bytes, length < 0 ? 0 : (size_t)length) < 0 || length < 0)
		log_warn("%s", path);
	*a = (struct appliance){.processes_limit = 64};
	while (record_next(&v, &at, &key, &value))
		appliance_set(a, key, value);
}
