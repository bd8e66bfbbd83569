#include "qga.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/control.h"

/* The request being answered. A command writes its return value into `out`, or the reason of its failure into
 * `error`. */
struct call {
	struct qga *q;
	int argument; /* token of the value of its argument, -1: not given */
	struct text *out;
	struct text error;
	char error_bytes[512];
};

static void add_string(struct text *t, const char *key, const char *value)
{
	text_add(t, "\"%s\":\"", key);
	text_add_json(t, value, strlen(value));
	text_add(t, "\"");
}

static void run_sync(struct call *c)
{
	long long id;
	if (json_integer(&c->q->json, c->argument, &id))
		text_add(c->out, "%lld", id);
	else
		text_add(&c->error, "argument 'id': a whole number of 64 bits is wanted");
}

static void add_interface(struct text *out, const struct facts *f, const char *name)
{
	struct facts_address a;
	uint8_t m[6];
	unsigned index = 0;
	const char *between = "";
	text_add(out, "{");
	add_string(out, "name", name);
	if (facts_mac(f, m))
		text_add(out, ",\"hardware-address\":\"%02x:%02x:%02x:%02x:%02x:%02x\"", m[0], m[1], m[2],
			m[3], m[4], m[5]);
	text_add(out, ",\"ip-addresses\":[");
	while (facts_next_address(f, &index, &a)) {
		text_add(out, "%s{\"ip-address-type\":\"%s\",\"ip-address\":\"%s\",\"prefix\":%u}", between,
			a.family == AF_INET6 ? "ipv6" : "ipv4", a.text, a.prefix_length);
		between = ",";
	}
	text_add(out, "]}");
}

static void run_interfaces(struct call *c)
{
	struct facts *f = c->q->facts;
	const char *between = "[";
	for (size_t i = 0; i < f->count; i++) {
		if (!facts_nic(f, i))
			continue;
		text_add(c->out, "%s", between);
		add_interface(c->out, f, f->names[i]);
		between = ",";
	}
	text_add(c->out, *between == '[' ? "[]" : "]");
}

static void run_osinfo(struct call *c)
{
	struct facts *f = c->q->facts;
	const char *appliance = facts_appliance(f);
	text_add(c->out,
		"{\"id\":\"thimble\",\"name\":\"Thimble\",\"version\":\"" THIMBLE_VERSION
		"\",\"version-id\":\"" THIMBLE_VERSION "\",\"pretty-name\":\"Thimble " THIMBLE_VERSION);
	if (appliance[0] != '\0') {
		text_add(c->out, " (");
		text_add_json(c->out, appliance, strlen(appliance));
		text_add(c->out, ")\",");
		add_string(c->out, "variant", appliance);
		text_add(c->out, ",");
		add_string(c->out, "variant-id", appliance);
	} else {
		text_add(c->out, "\"");
	}
	text_add(c->out, ",");
	add_string(c->out, "machine", f->system.machine);
	text_add(c->out, ",");
	add_string(c->out, "kernel-release", f->system.release);
	text_add(c->out, ",");
	add_string(c->out, "kernel-version", f->system.version);
	text_add(c->out, "}");
}

static void run_host_name(struct call *c)
{
	text_add(c->out, "{");
	add_string(c->out, "host-name", c->q->facts->system.nodename);
	text_add(c->out, "}");
}

static void run_time(struct call *c)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	text_add(c->out, "%lld", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
}

/* Only the host takes processors online or offline: there is no guest-set-vcpus. */
static void run_vcpus(struct call *c)
{
	cpu_set_t set;
	const char *between = "[";
	if (sched_getaffinity(0, sizeof(set), &set) < 0) {
		text_add(&c->error, "the kernel does not say which processors there are");
		return;
	}
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		text_add(c->out, "%s{\"logical-id\":%d,\"online\":true,\"can-offline\":false}", between, i);
		between = ",";
	}
	text_add(c->out, "]");
}

static void run_load(struct call *c)
{
	double load[3];
	if (getloadavg(load, 3) != 3)
		text_add(&c->error, "the kernel does not say what its load is");
	else
		text_add(c->out, "{\"load1m\":%.2f,\"load5m\":%.2f,\"load15m\":%.2f}", load[0], load[1],
			load[2]);
}

/* Filesystems that are written to a disk: there is none, whichever mount points are named. */
static void run_freeze_list(struct call *c)
{
	const struct json *j = &c->q->json;
	bool good = c->argument < 0 || j->token[c->argument].type == JSMN_ARRAY;
	for (int i = c->argument + 1; good && c->argument >= 0 && i < j->count; i++)
		good = j->token[i].parent != c->argument || j->token[i].type == JSMN_STRING;
	if (good)
		text_add(c->out, "0");
	else
		text_add(&c->error, "argument 'mountpoints': a list of strings is wanted");
}

static void run_trim(struct call *c)
{
	long long minimum;
	if (c->argument < 0 || json_integer(&c->q->json, c->argument, &minimum))
		text_add(c->out, "{\"paths\":[]}");
	else
		text_add(&c->error, "argument 'minimum': a whole number of 64 bits is wanted");
}

/* A halted guest cannot be resumed, so halt powers off too. */
static void run_shutdown(struct call *c)
{
	const struct json *j = &c->q->json;
	char answer[CONTROL_MESSAGE_MAX];
	bool off = c->argument < 0 || json_is(j, c->argument, "powerdown") || json_is(j, c->argument, "halt");
	if (!off && !json_is(j, c->argument, "reboot")) {
		text_add(&c->error, "argument 'mode': allowed: powerdown, reboot, halt");
		return;
	}
	if (control_request(off ? CONTROL_POWEROFF : CONTROL_REBOOT, answer) < 0)
		text_add(&c->error, "init does not answer");
	else if (strcmp(answer, "ok") != 0)
		text_add_json(&c->error, answer, strlen(answer));
}

static void run_info(struct call *c);

/* One row a command: what it returns, always the same or by a function; the only argument that it may have,
 * and whether it must. Nobody logs in, the clock is shown in UTC, and the kernel has no block devices:
 * nothing to freeze, to trim or to list. */
static const struct command {
	const char *name;
	const char *returns; /* NULL: run() writes it */
	void (*run)(struct call *);
	const char *argument;
	bool required;
	bool silent;    /* no answer when it goes well */
	bool delimited; /* 0xff before the answer */
} commands[] = {
	{"guest-sync-delimited", .run = run_sync, .argument = "id", .required = true, .delimited = true},
	{"guest-sync", .run = run_sync, .argument = "id", .required = true},
	{"guest-ping", .returns = "{}"},
	{"guest-info", .run = run_info},
	{"guest-network-get-interfaces", .run = run_interfaces},
	{"guest-get-osinfo", .run = run_osinfo},
	{"guest-get-host-name", .run = run_host_name},
	{"guest-get-time", .run = run_time},
	{"guest-get-timezone", .returns = "{\"zone\":\"UTC\",\"offset\":0}"},
	{"guest-get-users", .returns = "[]"},
	{"guest-get-vcpus", .run = run_vcpus},
	{"guest-get-load", .run = run_load},
	{"guest-get-memory-blocks", .returns = "[]"},
	{"guest-get-fsinfo", .returns = "[]"},
	{"guest-get-disks", .returns = "[]"},
	{"guest-get-diskstats", .returns = "[]"},
	{"guest-fsfreeze-status", .returns = "\"thawed\""},
	{"guest-fsfreeze-freeze", .returns = "0"},
	{"guest-fsfreeze-freeze-list", .run = run_freeze_list, .argument = "mountpoints"},
	{"guest-fsfreeze-thaw", .returns = "0"},
	{"guest-fstrim", .run = run_trim, .argument = "minimum"},
	{"guest-shutdown", .run = run_shutdown, .argument = "mode", .silent = true},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void run_info(struct call *c)
{
	text_add(c->out, "{\"version\":\"%s\",\"supported_commands\":[", THIMBLE_VERSION);
	for (size_t i = 0; i < COMMANDS; i++)
		text_add(c->out, "%s{\"name\":\"%s\",\"enabled\":true,\"success-response\":%s}",
			i == 0 ? "" : ",", commands[i].name, commands[i].silent ? "false" : "true");
	text_add(c->out, "]}");
}

/* Text of TOKEN, as it was written and not all of it, for an error. */
static void add_quoted(struct text *t, const struct json *j, int token)
{
	enum { SHOWN_MAX = 48 };
	size_t length = (size_t)(j->token[token].end - j->token[token].start);
	text_add(t, "'");
	text_add_json(t, j->text + j->token[token].start, length < SHOWN_MAX ? length : SHOWN_MAX);
	text_add(t, length < SHOWN_MAX ? "'" : "...'");
}

/* False, with an error: there are other arguments than this command's, or its own is missing. */
static bool take_argument(struct call *c, const struct command *command, int arguments)
{
	const struct json *j = &c->q->json;
	c->argument = -1;
	for (int key = -1; arguments >= 0 && (key = json_next_key(j, arguments, key)) >= 0;) {
		if (command->argument == NULL || !json_is(j, key, command->argument)) {
			text_add(&c->error, "argument ");
			add_quoted(&c->error, j, key);
			text_add(&c->error, " is none of %s", command->name);
			return false;
		}
		c->argument = key + 1;
	}
	if (c->argument < 0 && command->required)
		text_add(&c->error, "argument '%s' is missing", command->argument);
	return c->argument >= 0 || !command->required;
}

/* Members of the request beside "execute", "arguments" and "id" are refused, as qemu-ga does. */
static bool take_members(struct call *c, int *execute, int *arguments)
{
	const struct json *j = &c->q->json;
	*execute = json_get(j, 0, "execute");
	*arguments = json_get(j, 0, "arguments");
	for (int key = -1; (key = json_next_key(j, 0, key)) >= 0;) {
		if (json_is(j, key, "execute") || json_is(j, key, "arguments") || json_is(j, key, "id"))
			continue;
		text_add(&c->error, "member ");
		add_quoted(&c->error, j, key);
		text_add(&c->error, " is unknown");
		return false;
	}
	if (*execute < 0 || j->token[*execute].type != JSMN_STRING)
		text_add(&c->error, "member 'execute' must be a string, the command");
	else if (*arguments >= 0 && j->token[*arguments].type != JSMN_OBJECT)
		text_add(&c->error, "member 'arguments' must be an object");
	return c->error.used == 0;
}

static const struct command *find_command(const struct json *j, int token)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (json_is(j, token, commands[i].name))
			return &commands[i];
	return NULL;
}

/* The command that was carried out; or NULL, and there is an error of class *CLASS. */
static const struct command *carry_out(struct call *c, const char **class)
{
	const struct json *j = &c->q->json;
	int execute, arguments;
	if (!take_members(c, &execute, &arguments))
		return NULL;
	snprintf(c->q->command, sizeof(c->q->command), "%.*s",
		j->token[execute].end - j->token[execute].start, j->text + j->token[execute].start);
	const struct command *command = find_command(j, execute);
	if (command == NULL) {
		*class = "CommandNotFound";
		text_add(&c->error, "there is no command ");
		add_quoted(&c->error, j, execute);
		return NULL;
	}
	if (!take_argument(c, command, arguments))
		return NULL;
	if (command->delimited)
		text_add(c->out, "\xff");
	text_add(c->out, "{\"return\":");
	if (command->returns != NULL)
		text_add(c->out, "%s", command->returns);
	else
		command->run(c);
	return c->error.used == 0 ? command : NULL;
}

/* `"id"` as the request has it, for the answer: *LENGTH bytes with their quotes. False, with an error: it
 * cannot be sent back. NULL in *ID: there is none. */
static bool take_id(struct call *c, const char **id, size_t *length)
{
	const struct json *j = &c->q->json;
	int token = json_get(j, 0, "id");
	*id = NULL;
	if (token < 0)
		return true;
	bool quotes = j->token[token].type == JSMN_STRING;
	*id = j->text + j->token[token].start - quotes;
	*length = (size_t)(j->token[token].end - j->token[token].start) + 2 * quotes;
	bool good = *length <= QGA_ID_MAX;
	for (size_t i = 0; good && i < *length; i++)
		good = (*id)[i] >= ' ' && (*id)[i] <= '~';
	if (good)
		return true;
	*id = NULL;
	text_add(&c->error, "member 'id': at most %d bytes of printable ASCII", QGA_ID_MAX);
	return false;
}

static void begin_again(struct text *answer, const struct call *c, const char *class)
{
	text_clear(answer);
	text_add(answer, "{\"error\":{\"class\":\"%s\",\"desc\":\"%s\"}", class, c->error.data);
}

void qga_answer(struct qga *q, const struct qga_input *in, struct text *answer)
{
	struct call c = {.q = q, .out = answer};
	const struct command *command = NULL;
	const char *class = "GenericError", *id = NULL, *why = NULL;
	size_t id_length = 0;
	c.error = (struct text)TEXT(c.error_bytes);
	q->command[0] = '\0';
	text_clear(answer);
	facts_begin(q->facts);
	if (in->too_long)
		text_add(&c.error, "the request is longer than %d bytes", QGA_REQUEST_MAX);
	else if ((why = json_parse(&q->json, in->bytes, in->used)) != NULL)
		text_add(&c.error, "%s", why);
	else if (q->json.token[0].type != JSMN_OBJECT)
		text_add(&c.error, "a request is an object with the member 'execute'");
	else if (take_id(&c, &id, &id_length))
		command = carry_out(&c, &class);
	if (answer->overflow) {
		command = NULL;
		text_add(&c.error, "the answer is longer than %d bytes", QGA_ANSWER_MAX);
	}
	q->refused = command == NULL;
	if (command == NULL) {
		begin_again(answer, &c, class);
	} else if (command->silent) {
		text_clear(answer);
		return;
	}
	if (id != NULL)
		text_add(answer, ",\"id\":%.*s", (int)id_length, id);
	text_add(answer, "}\n");
}
