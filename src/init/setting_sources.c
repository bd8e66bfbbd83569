#include "setting_sources.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/log.h"
#include "common/record.h"
#include "ovf.h"
#include "smbios.h"
#include "vmware.h"

#define FILE_TEXT_MAX    16382 /* bytes of a file that are read */
#define COMMAND_LINE_MAX 2047  /* COMMAND_LINE_SIZE of x86 and arm64, without its NUL */
#define TEXT_OF_(what)   #what
#define TEXT_OF(what)    TEXT_OF_(what)

enum {
	FILE_BYTES_MAX = FILE_TEXT_MAX + 2,
	SETUP_SETTINGS = 0x53455454, /* kernel/patches/0007 */
	SETUP_DATA_MAX = 16,
	OEM_STRUCTURES_MAX = 16,
};

static struct settings *reading;
static char bytes[FILE_BYTES_MAX];

static void keep_refused(const char *error)
{
	/* config.refused counts this one already. */
	size_t index = reading->config.refused - 1;
	log_warnx("%s", error);
	if (index < REFUSED_MAX)
		snprintf(reading->refused[index], sizeof(reading->refused[index]), "%s", error);
}

/* WHAT of ORIGIN is lost. It may have had access settings. */
static void refuse_rest(const char *origin, const char *what)
{
	char error[192];
	reading->config.refused++;
	config_close(&reading->config, origin);
	snprintf(error, sizeof(error), "setting refused, from %s: %s, nobody may come until it is right",
		origin, what);
	keep_refused(error);
}

/* When it is longer than the buffer, the whole lines that fit. */
static void read_text(size_t length, const char *origin)
{
	bool cut = length == FILE_BYTES_MAX - 1;
	while (cut && length > 0 && bytes[length - 1] != '\n')
		length--;
	config_read_text(&reading->config, bytes, length, origin, keep_refused);
	if (cut)
		refuse_rest(origin, "what is behind " TEXT_OF(FILE_TEXT_MAX) " bytes");
}

/* False when it cannot be read. */
static bool read_settings_file(const char *path, const char *origin)
{
	chmod(path, 0600); /* it may have secrets; the first time the root can still be written to */
	ssize_t length = file_read(path, bytes, sizeof(bytes));
	if (length > 0)
		read_text((size_t)length, origin);
	else if (length < 0 && errno != ENOENT)
		config_close(&reading->config, origin);
	return length >= 0;
}

/* A page's first line says what it is; lines are numbered as in the file that was put into it. */
static void read_page(const char *path)
{
	chmod(path, 0600);
	ssize_t length = file_read(path, bytes, sizeof(bytes));
	const char *end = length > 0 ? memchr(bytes, '\n', (size_t)length) : NULL;
	size_t skip = end != NULL ? (size_t)(end + 1 - bytes) : 0;
	if (length > 0)
		config_read_text(
			&reading->config, bytes + skip, (size_t)length - skip, "image", keep_refused);
}

/* tools/thimble-config wrote them into the finished image: into a page of the kernel's file, which comes as
 * setup_data (kernel/patches/0007), or, where the kernel is started as an ELF file, into one in the root. */
static void read_image(void)
{
	static const char list[] = "/sys/kernel/boot_params/setup_data";
	char path[64], type[16];
	read_page("/etc/thimble/image.conf");
	for (int i = 0; i < SETUP_DATA_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%d/type", list, i);
		if (file_read(path, type, sizeof(type)) < 0)
			return;
		snprintf(path, sizeof(path), "%s/%d/data", list, i);
		if (strtoul(type, NULL, 16) == SETUP_SETTINGS)
			read_page(path);
	}
}

static void take_oem_string(const char *string, size_t length, unsigned number, void *data)
{
	static const char ours[] = "thimble:";
	char origin[CONFIG_ORIGIN_MAX];
	const size_t skip = sizeof(ours) - 1;
	(void)data;
	if (length < skip || memcmp(string, ours, skip) != 0)
		return;
	snprintf(origin, sizeof(origin), "SMBIOS, OEM string %u", number);
	config_read_line(&reading->config, string + skip, length - skip, origin, keep_refused);
}

static void read_smbios(void)
{
	char path[64];
	config_next_source(&reading->config);
	for (int i = 0; i < OEM_STRUCTURES_MAX; i++) {
		snprintf(path, sizeof(path), "/sys/firmware/dmi/entries/11-%d/raw", i);
		ssize_t length = file_read(path, bytes, sizeof(bytes));
		if (length < 0)
			return;
		smbios_each_oem_string((const uint8_t *)bytes, (size_t)length, take_oem_string, NULL);
	}
}

/* What a form for an OVA's properties took: one line, parts divided by semicolons. */
static void read_ovf_environment(void)
{
	static char value[FILE_BYTES_MAX];
	if (vmware_guestinfo("ovfEnv", bytes, sizeof(bytes)) <= 0)
		return;
	ssize_t config = ovf_property(bytes, "thimble.config", value, sizeof(value));
	for (ssize_t i = 0; i < config; i++)
		if (value[i] == ';')
			value[i] = '\n';
	if (config > 0)
		config_read_text(
			&reading->config, value, (size_t)config, "OVF property config", keep_refused);
	ssize_t name = ovf_property(bytes, "thimble.hostname", value + sizeof("hostname=") - 1,
		sizeof(value) - sizeof("hostname="));
	if (name <= 0)
		return;
	memcpy(value, "hostname=", sizeof("hostname=") - 1);
	config_next_source(&reading->config);
	config_read_line(&reading->config, value, strlen(value), "OVF property hostname", keep_refused);
}

static void read_guestinfo(void)
{
	ssize_t length = vmware_guestinfo("thimble.config", bytes, sizeof(bytes));
	if (length > 0)
		read_text((size_t)length, "VMware guestinfo");
}

/* Hyper-V's key-value pairs: the agent takes them from the kernel, and says when there are new ones. */
static void read_agent(void)
{
	static const char origin[] = "Hyper-V";
	static struct record_view v;
	const char *key, *value;
	if (record_read(&v, "agent", "settings") < 0) {
		if (errno != ENOENT)
			refuse_rest(origin, "the record agent/settings cannot be read");
		return;
	}
	config_next_source(&reading->config);
	for (size_t at = 0; record_next(&v, &at, &key, &value);) {
		struct text line = TEXT(bytes);
		text_add(&line, "%s=%s", key, value);
		if (line.overflow)
			refuse_rest(origin, "a pair of more than " TEXT_OF(FILE_TEXT_MAX) " bytes");
		else
			config_read_line(&reading->config, bytes, line.used, origin, keep_refused);
	}
}

/* How many of LENGTH bytes are words with an end; a blank within quotes is none. */
static size_t whole_words(const char *s, size_t length)
{
	size_t end = 0;
	bool quoted = false;
	for (size_t i = 0; i < length; i++)
		if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && isspace((unsigned char)s[i]))
			end = i;
	return end;
}

/* The kernel cuts it without a word; what was cut may be within a value. */
static void read_command_line(void)
{
	ssize_t length = file_read("/proc/cmdline", bytes, sizeof(bytes));
	bool cut = length > COMMAND_LINE_MAX; /* with the newline that is put behind it */
	if (length > 0)
		config_read_command_line(&reading->config, bytes,
			cut ? whole_words(bytes, COMMAND_LINE_MAX) : (size_t)length, keep_refused);
	if (cut)
		refuse_rest("kernel command line", "what is behind " TEXT_OF(COMMAND_LINE_MAX) " bytes");
}

void settings_read(struct settings *s)
{
	memset(s->refused, 0, sizeof(s->refused));
	reading = s;
	config_init(&s->config);
	if (!read_settings_file("/etc/thimble/settings.conf", "appliance")) {
		log_warn("/etc/thimble/settings.conf: nobody may come");
		config_close(&s->config, "appliance");
	}
	read_settings_file("/etc/thimble/site.conf", "baked in");
	read_image();
	read_settings_file("/etc/thimble.conf", "initrd");
	read_smbios();
	read_settings_file("/sys/firmware/qemu_fw_cfg/by_name/opt/thimble/config/raw", "fw_cfg");
	read_ovf_environment();
	read_guestinfo();
	read_agent();
	read_command_line();
}
