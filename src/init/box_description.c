#include "box_description.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check_target.h"
#include "call_names.h"
#include "common/file.h"
#include "common/log.h"
#include "common/text.h"

enum { BOX_PROCESSES = 512 };

#define MEMBER(member) offsetof(struct box_description, member)
#define MS_MAX         (24 * 3600 * 1000)
#define BYTES_MAX      (UINT64_C(1) << 40)

static const struct {
	const char *key;
	size_t offset;
	uint64_t min, max;
} numbers[] = {
	{"uid", MEMBER(uid), 0, BOX_IDS - 1},
	{"gid", MEMBER(gid), 0, BOX_IDS - 1},
	{"stop_signal", MEMBER(stop_signal), 1, 64},
	{"root_bytes", MEMBER(root_bytes), 0, BYTES_MAX},
	{"sys", MEMBER(sys), 0, 1},
	{"memfd", MEMBER(memfd), 0, 1},
	{"health_interval_ms", MEMBER(health.interval_ms), 1, MS_MAX},
	{"health_timeout_ms", MEMBER(health.timeout_ms), 1, MS_MAX},
	{"health_retries", MEMBER(health.retries), 1, 1000},
	{"health_start_ms", MEMBER(health.start_ms), 0, MS_MAX},
};

static const struct {
	const char *key;
	size_t offset;
} paths[] = {
	{"root", MEMBER(root)},
	{"file", MEMBER(file)},
	{"workdir", MEMBER(workdir)},
};

static const struct {
	const char *key;
	size_t offset;
} lists[] = {
	{"command.", MEMBER(command)},
	{"env.", MEMBER(environment)},
	{"health.", MEMBER(health.command)},
};

static const char *const users[USERS_COUNT] = {[USERS_NAMESPACE] = "namespace", [USERS_ONE] = "one"};

/* What each program needs to be started and to end. */
static const char always_called[] = "execve exit exit_group restart_syscall rt_sigreturn";

static void refuse_value(const char *key, const char *value, const char *allowed)
{
	log_warnx("service: %s=%s: allowed: %s", key, value, allowed);
}

static void set_number(struct box_description *b, size_t row, const char *value)
{
	char allowed[64];
	uint64_t *number = (uint64_t *)(void *)((char *)b + numbers[row].offset);
	snprintf(allowed, sizeof(allowed), "%llu to %llu", (unsigned long long)numbers[row].min,
		(unsigned long long)numbers[row].max);
	if (!parse_number(value, numbers[row].min, numbers[row].max, number))
		refuse_value(numbers[row].key, value, allowed);
}

static void add_word(struct box_words *words, const char *key, const char *value)
{
	if (words->count == BOX_WORDS_MAX)
		log_warnx("service: %s: allowed: at most %d", key, BOX_WORDS_MAX);
	else
		words->word[words->count++] = value;
}

static void set_users(struct box_description *b, const char *value)
{
	for (int i = 0; i < USERS_COUNT; i++) {
		if (strcmp(value, users[i]) == 0) {
			b->users = (enum box_users)i;
			return;
		}
	}
	refuse_value("users", value, "namespace, one");
}

/* Adds the calls of NAMES, which blanks divide, to those of C. */
static bool add_calls(struct calls *c, const char *names)
{
	for (const char *at = names; *at != '\0'; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		int number = call_number(at, length);
		if (number < 0 || number >= CALLS_MAX)
			return false;
		c->allowed[number / 64] |= UINT64_C(1) << number % 64;
		at += length;
	}
	return true;
}

/* "wide", or names of calls. A list with an unknown name is taken for wide: nobody knows what was meant. */
static void set_calls(struct box_description *b, const char *value)
{
	b->calls = (struct calls){.families = UINT64_MAX};
	b->narrow = strcmp(value, "wide") != 0;
	if (!b->narrow)
		return;
	if (value[0] == '\0' || !add_calls(&b->calls, value) || !add_calls(&b->calls, always_called)) {
		refuse_value("calls", value, "wide, or names of system calls");
		b->narrow = false;
	}
}

/* Takes the next of the words at *AT off, as a number. */
static bool take_number(char **at, int base, uint64_t max, uint64_t *number)
{
	char *end;
	if (!(**at >= '0' && **at <= '9'))
		return false;
	errno = 0;
	*number = strtoull(*at, &end, base);
	if (errno != 0 || *number > max || (*end != ' ' && *end != '\0'))
		return false;
	*at = end + (*end == ' ');
	return true;
}

static void set_groups(struct box_description *b, char *value)
{
	uint64_t group;
	char *at = value;
	for (b->group_count = 0; *at != '\0'; b->groups[b->group_count++] = (uint32_t)group) {
		if (b->group_count == BOX_GROUPS_MAX || !take_number(&at, 10, BOX_IDS - 1, &group)) {
			refuse_value("groups", value, "64 numbers from 0 to 65535");
			b->group_count = 0;
			return;
		}
	}
}

/* A folder below the root, without a way back up. */
static bool is_below_root(const char *path)
{
	size_t length = strlen(path);
	return path[0] == '/' && path[1] != '\0' && strstr(path, "/../") == NULL &&
	       (length < 3 || strcmp(path + length - 3, "/..") != 0);
}

/* PATH BYTES UID GID MODE */
static void describe_place(struct box_description *b, const char *key, char *value)
{
	static const char allowed[] = "/PATH BYTES UID GID MODE, at most 32";
	char *space = value + strcspn(value, " "), *at = space + 1;
	uint64_t bytes, uid, gid, mode;
	if (b->place_count == BOX_PLACES_MAX || *space == '\0' || !take_number(&at, 10, BYTES_MAX, &bytes) ||
		bytes == 0 || !take_number(&at, 10, BOX_IDS - 1, &uid) ||
		!take_number(&at, 10, BOX_IDS - 1, &gid) || !take_number(&at, 8, 07777, &mode) ||
		*at != '\0') {
		refuse_value(key, value, allowed);
		return;
	}
	*space = '\0';
	if (!is_below_root(value)) {
		refuse_value(key, value, "a folder below /");
		return;
	}
	b->places[b->place_count++] = (struct box_place){.path = value,
		.bytes = bytes,
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.mode = (uint32_t)mode};
}

/* "exec", "tcp:8080", "http:8080/path" */
static void set_health(struct box_health *h, const char *value)
{
	struct check_target target;
	if (strcmp(value, "exec") == 0) {
		h->kind = BOX_HEALTH_EXEC;
		return;
	}
	if (!check_target_parse(&target, value)) {
		refuse_value("health", value, "tcp:PORT, http:PORT/PATH, exec");
		return;
	}
	h->kind = target.http ? BOX_HEALTH_HTTP : BOX_HEALTH_TCP;
	h->port = target.port;
	h->path = target.path;
}

/* Whether KEY was one of a table. */
static bool set_by_table(struct box_description *b, const char *key, char *value)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(key, numbers[i].key) == 0) {
			set_number(b, i, value);
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strcmp(key, paths[i].key) == 0) {
			if (value[0] == '/')
				*(const char **)(void *)((char *)b + paths[i].offset) = value;
			else
				refuse_value(key, value, "a path that begins with /");
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strncmp(key, lists[i].key, strlen(lists[i].key)) == 0) {
			add_word((struct box_words *)(void *)((char *)b + lists[i].offset), key, value);
			return true;
		}
	}
	return false;
}

static void set(struct box_description *b, struct appliance *a, const char *key, char *value)
{
	if (set_by_table(b, key, value))
		return;
	if (strcmp(key, "users") == 0)
		set_users(b, value);
	else if (strcmp(key, "groups") == 0)
		set_groups(b, value);
	else if (strcmp(key, "calls") == 0)
		set_calls(b, value);
	else if (strncmp(key, "place.", strlen("place.")) == 0)
		describe_place(b, key, value);
	else if (strcmp(key, "health") == 0)
		set_health(&b->health, value);
	else
		appliance_set(a, key, value);
}

/* What would not work without. */
static void check(struct box_description *b)
{
	if (b->file == NULL || b->command.count == 0) {
		log_warnx("service: expected file= and command.1=");
		b->file = b->file != NULL ? b->file : "/";
		if (b->command.count == 0)
			add_word(&b->command, "command", b->file);
	}
	if (b->users == USERS_ONE && (b->uid == 0 || b->gid == 0)) {
		refuse_value("users", users[b->users], "with uid= and gid= from 1 to 65535");
		b->uid = b->gid = BOX_IDS - 2;
	}
	if (b->users == USERS_ONE)
		b->group_count = 0; /* they would be the guest's */
	if (b->health.kind == BOX_HEALTH_EXEC &&
		(b->health.command.count == 0 || b->health.command.word[0][0] != '/')) {
		refuse_value("health", "exec", "with health.1=, a path that begins with /");
		b->health.kind = BOX_HEALTH_NONE;
	}
}

void box_description_parse(struct box_description *b, struct appliance *a, size_t length)
{
	char *line = b->text, *end;
	b->text[length] = '\0';
	b->workdir = "/";
	b->stop_signal = 15;
	b->health = (struct box_health){.interval_ms = 30000, .timeout_ms = 30000, .retries = 3};
	/* Of the service that the image had before. */
	a->helper[0] = '\0';
	a->capabilities = 0;
	a->processes_limit = BOX_PROCESSES;
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char *equals = memchr(line, '=', (size_t)(end - line));
		*end = '\0';
		if (equals == NULL || equals == line) {
			refuse_value(line, "", "lines KEY=VALUE");
			continue;
		}
		*equals = '\0';
		set(b, a, line, equals + 1);
	}
	if (line != b->text + length)
		refuse_value(line, "", "lines KEY=VALUE, each with its end, without NUL bytes");
	if (b->root != NULL)
		check(b);
}

void box_description_read(struct box_description *b, struct appliance *a, const char *path)
{
	ssize_t length = file_read(path, b->text, sizeof(b->text));
	if (length < 0 && errno != ENOENT)
		log_warn("%s", path);
	if (length > BOX_BYTES_MAX)
		log_warnx("%s: allowed: %d bytes; the rest is left out", path, BOX_BYTES_MAX);
	if (length >= 0)
		box_description_parse(b, a, (size_t)(length > BOX_BYTES_MAX ? BOX_BYTES_MAX : length));
}
