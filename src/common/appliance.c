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
	const char *why;
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

	const char *capabilities = record_get(&v, "capabilities");
	if (capabilities != NULL && strcmp(capabilities, "net_bind_service") == 0)
		a->capabilities = UINT64_C(1) << CAP_NET_BIND_SERVICE;

	const char *ports = record_get(&v, "ports");
	copy(bytes, sizeof(bytes), ports);
	why = arguments_split(bytes, words, PORTS_MAX + 1, &a->port_count);
	if (why != NULL)
		log_warnx("appliance: ports=%s: %s", ports, why);
	for (size_t i = 0; i < a->port_count; i++)
		copy(a->ports[i], sizeof(a->ports[i]), words[i]);
}
