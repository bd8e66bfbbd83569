#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "init.h"

enum {
	SETUP_SETTINGS = 0x53455454, /* kernel/patches/0007 */
	SETUP_DATA_MAX = 16,
};

ssize_t read_file(const char *path, char *buffer, size_t size)
{
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (used < size - 1) {
		ssize_t got = read(fd, buffer + used, size - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	close(fd);
	buffer[used] = '\0';
	return (ssize_t)used;
}

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
	ssize_t length = read_file(path, bytes, sizeof(bytes));
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

static struct settings *reading;

static void keep_refused(const char *error)
{
	/* config.refused counts this one already. */
	size_t index = reading->config.refused - 1;
	log_warnx("%s", error);
	if (index < REFUSED_MAX)
		copy(reading->refused[index], sizeof(reading->refused[index]), error);
}

/* False when there is no such file. */
static bool read_settings_file(struct settings *s, const char *path, const char *origin)
{
	static char bytes[16384];
	ssize_t length = read_file(path, bytes, sizeof(bytes));
	if (length > 0)
		config_read_text(&s->config, bytes, (size_t)length, origin, keep_refused);
	return length >= 0;
}

/* tools/thimble-config wrote them into the finished image: into a page of the kernel's file, which comes as
 * setup_data (kernel/patches/0007), or, where the kernel is started as an ELF file, into one in the root. */
static void read_settings_in_image(struct settings *s)
{
	static const char list[] = "/sys/kernel/boot_params/setup_data";
	char path[64], type[16];
	read_settings_file(s, "/etc/thimble/image.conf", "image");
	for (int i = 0; i < SETUP_DATA_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%d/type", list, i);
		if (read_file(path, type, sizeof(type)) < 0)
			return;
		snprintf(path, sizeof(path), "%s/%d/data", list, i);
		if (strtoul(type, NULL, 16) == SETUP_SETTINGS)
			read_settings_file(s, path, "image");
	}
}

/* The routes by which settings come, the last word last. */
void settings_read(struct settings *s)
{
	static char command_line[4096];
	memset(s, 0, sizeof(*s));
	reading = s;
	config_init(&s->config);
	if (!read_settings_file(s, "/etc/thimble/settings.conf", "appliance"))
		log_warn("/etc/thimble/settings.conf");
	read_settings_file(s, "/etc/thimble/site.conf", "baked in");
	read_settings_in_image(s);
	read_settings_file(s, "/etc/thimble.conf", "initrd");
	ssize_t length = read_file("/proc/cmdline", command_line, sizeof(command_line));
	if (length > 0)
		config_read_command_line(&s->config, command_line, (size_t)length, keep_refused);
}
