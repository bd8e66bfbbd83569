#include "gather.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

extern char **environ;

enum { FILE_BYTES_MAX = 16384, UNKNOWN_SHOWN_MAX = 8 };

static const char prefix[] = "THIMBLE_";
static const char run_variable[] = "THIMBLE_RUN"; /* of src/common/record.c */

void variable_name(char name[static VARIABLE_NAME_MAX], enum config_key key)
{
	struct text t = {.data = name, .size = VARIABLE_NAME_MAX};
	text_clear(&t);
	text_add(&t, "%s%s", prefix, config_definitions[key].name);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '.' || *c == '-')
			*c = '_';
		else
			*c = (char)toupper((unsigned char)*c);
}

static bool find_variable(const char *name, size_t length, enum config_key *key)
{
	char candidate[VARIABLE_NAME_MAX];
	for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
		variable_name(candidate, (enum config_key)i);
		if (strlen(candidate) == length && memcmp(candidate, name, length) == 0) {
			*key = (enum config_key)i;
			return true;
		}
	}
	return false;
}

static void set(struct config *c, const char *key, size_t key_length, const char *value, const char *origin,
	config_report *report)
{
	char message[512];
	struct text error = TEXT(message);
	if (!config_set(c, key, key_length, value, strlen(value), origin, &error))
		report(message);
}

/* False: no setting has this name. */
static bool take_variable(struct config *c, const char *variable, size_t name_length, config_report *report)
{
	char origin[CONFIG_ORIGIN_MAX];
	struct text t = TEXT(origin);
	enum config_key key;
	if (!find_variable(variable, name_length, &key))
		return false;
	text_add(&t, "variable %.*s", (int)name_length, variable);
	const char *name = config_definitions[key].name;
	set(c, name, strlen(name), variable + name_length + 1, origin, report);
	return true;
}

/* Whether NAME=value is one that settings could come from. */
static bool is_ours(const char *variable, size_t name_length)
{
	bool run =
		name_length == sizeof(run_variable) - 1 && memcmp(variable, run_variable, name_length) == 0;
	return name_length >= sizeof(prefix) - 1 && memcmp(variable, prefix, sizeof(prefix) - 1) == 0 &&
	       variable[name_length] == '=' && !run;
}

void gather_environment(struct config *c, char *const *environment, config_report *report)
{
	unsigned unknown = 0;
	config_next_source(c);
	for (; *environment != NULL; environment++) {
		size_t length = strcspn(*environment, "=");
		if (!is_ours(*environment, length) || take_variable(c, *environment, length, report))
			continue;
		if (unknown++ < UNKNOWN_SHOWN_MAX)
			log_warnx("the variable %.*s is no setting's and is left alone",
				length > 80 ? 80 : (int)length, *environment);
	}
	if (unknown > UNKNOWN_SHOWN_MAX)
		log_warnx("%u more such variables", unknown - UNKNOWN_SHOWN_MAX);
}

void gather_arguments(struct config *c, char *const *arguments, config_report *report)
{
	config_next_source(c);
	for (unsigned number = 1; *arguments != NULL; arguments++, number++) {
		char message[512], origin[CONFIG_ORIGIN_MAX];
		struct text error = TEXT(message), t = TEXT(origin);
		size_t length = strcspn(*arguments, "=");
		text_add(&t, "argument %u", number);
		if ((*arguments)[length] == '=') {
			set(c, *arguments, length, *arguments + length + 1, origin, report);
			continue;
		}
		c->refused++;
		text_add(&error, "setting refused, from %s: \"", origin);
		text_add_escaped(&error, *arguments, length > 80 ? 80 : length);
		text_add(&error, "\", allowed: key=value, --help or --status");
		report(message);
	}
}

static void report_refused(const char *error)
{
	log_line(LOG_LEVEL_ERROR, "%s", error);
}

static void refuse_file(struct config *c, const char *origin)
{
	c->refused++;
	config_close(c, origin);
}

static void read_settings(struct config *c, const char *path, const char *origin, bool optional)
{
	static char bytes[FILE_BYTES_MAX];
	struct stat found;
	if (stat(path, &found) < 0 && errno == ENOENT && optional)
		return;
	if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
		/* An engine creates a folder for a mount whose file does not exist. */
		log_line(LOG_LEVEL_ERROR,
			"%s is a folder: the file to be mounted there is missing on the host", path);
		refuse_file(c, origin);
		return;
	}
	ssize_t length = file_read(path, bytes, sizeof(bytes));
	if (length < 0) {
		log_warn("%s: user %u cannot read it", path, (unsigned)geteuid());
		refuse_file(c, origin);
	} else if (length == FILE_BYTES_MAX - 1) {
		log_line(LOG_LEVEL_ERROR, "%s: at most %d bytes are allowed", path, FILE_BYTES_MAX - 2);
		refuse_file(c, origin);
	} else {
		config_read_text(c, bytes, (size_t)length, origin, report_refused);
	}
}

bool gather_settings(struct config *c, char *const *arguments)
{
	config_init(c);
	read_settings(c, "/etc/thimble/settings.conf", "appliance", false);
	read_settings(c, "/etc/thimble/site.conf", "baked in", false);
	read_settings(c, "/etc/thimble.conf", "/etc/thimble.conf", true);
	gather_environment(c, environ, report_refused);
	gather_arguments(c, arguments, report_refused);
	return c->refused == 0;
}
