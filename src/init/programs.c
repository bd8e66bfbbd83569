#include "programs.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "box.h"
#include "children.h"
#include "common/arguments.h"
#include "common/file.h"
#include "common/log.h"
#include "common/service_command.h"
#include "dhcpcd_conf.h"

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)
#define MIB              (UINT64_C(1) << 20)
#define STATUS_SEES      "init net link log agent service" /* src/status/load.c */

enum { TERMINALS_MAX = 8 };

/* With -h it sends one name for ever. Without a word it would send the name in use, which may be the one that
 * the server gave: each renewal would then ask for the server's own last answer. */
enum { DHCPCD_CONF = 4, DHCPCD_HOST_NAME = 6 }; /* places of arguments */
static const char *dhcpcd_arguments[] = {
	"/sbin/dhcpcd", "-B", "-M", "-f", NULL, "-h", [DHCPCD_HOST_NAME] = "", NULL};
static const char *const shell_arguments[] = {"/bin/sh", "-l", NULL};
static struct service_command service_command;
static const char *box_arguments[BOX_WORDS_MAX + CONFIG_ARGUMENTS_MAX + 1];

const struct program programs[] = {
#define PROGRAM(program_name, uid, home, program_when, ...)                                                  \
	{.name = #program_name,                                                                              \
		.user = (uid) == 0 ? "root" : #program_name,                                                 \
		.when = (program_when),                                                                      \
		__VA_ARGS__},
#include "programs.def"
#undef PROGRAM
};
const size_t program_count = sizeof(programs) / sizeof(programs[0]);
_Static_assert(CONFIG_STATUS_PORT != 0, "a port_setting of 0 is none");

/* Whether tty1 is only the kernel's dummy: a machine without a display (drivers/video/console/dummycon.c). */
static bool display_is_dummy(void)
{
	char name[64];
	/* The dummy is vtcon0 on every machine; a display takes over as vtcon0 (VGA text) or as vtcon1
	 * (framebuffer). */
	return access("/sys/class/vtconsole/vtcon1", F_OK) < 0 &&
	       file_read("/sys/class/vtconsole/vtcon0/name", name, sizeof(name)) > 0 &&
	       strstr(name, "dummy device") != NULL;
}

/* The child of ROW on TTY, named ROW.TTY; without arguments in the row the program is told TTY. */
static void add_terminal(struct children *c, const struct program *row, const char *tty)
{
	static struct terminal {
		char name[40], path[32], program[32];
		const char *arguments[3];
	} terminals[TERMINALS_MAX];
	static size_t count;
	if (count == TERMINALS_MAX) {
		log_warnx("%s: no room for more than %d terminals", tty, TERMINALS_MAX);
		return;
	}
	struct terminal *t = &terminals[count++];
	struct program p = *row;
	snprintf(t->name, sizeof(t->name), "%s.%.16s", row->name, tty);
	snprintf(t->path, sizeof(t->path), "/dev/%.16s", tty);
	p.name = t->name;
	p.terminal = t->path;
	if (p.arguments == NULL) {
		snprintf(t->program, sizeof(t->program), "/bin/%s", row->name);
		t->arguments[0] = t->program;
		t->arguments[1] = t->path + strlen("/dev/");
		p.arguments = t->arguments;
	}
	children_add(c, &p);
}

/* One screen for each console that the kernel writes to: those are the ones that somebody can see. */
static void add_on_consoles(struct children *c, const struct program *row)
{
	char active[128], *words[TERMINALS_MAX + 1];
	size_t count;
	if (file_read("/sys/class/tty/console/active", active, sizeof(active)) < 0) {
		log_warn("which consoles are active");
		return;
	}
	active[strcspn(active, "\n")] = '\0';
	const char *why = arguments_split(active, words, TERMINALS_MAX + 1, &count);
	if (why != NULL)
		log_warnx("consoles that are active: %s: %s", active, why);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], "tty0") != 0)
			add_terminal(c, row, words[i]);
		else if (!display_is_dummy())
			add_terminal(c, row, "tty1");
	}
}

/* What programs are told by their arguments. */
static void read_arguments(const struct box *box, const struct config *config)
{
	dhcpcd_arguments[DHCPCD_CONF] = dhcpcd_conf_write(config);
	service_command_read(&service_command, config);
	if (box == NULL)
		return;
	/* What the image says, and what its settings say behind it. */
	size_t count = box->description.command.count;
	memcpy(box_arguments, box->description.command.word, count * sizeof(box_arguments[0]));
	for (size_t i = 1; service_command.arguments[i - 1] != NULL; i++)
		box_arguments[count++] = service_command.arguments[i];
}

static struct child *add_service(struct children *c, const struct program *row)
{
	const struct appliance *a = c->appliance;
	struct program p = *row;
	p.name = a->service;
	p.capabilities = a->capabilities;
	p.processes_limit = (unsigned)a->processes_limit;
	p.box = c->box;
	p.sees = a->service_sees;
	if (p.box != NULL)
		p.arguments = box_arguments;
	return children_add(c, &p);
}

/* Whether the service listens on TCP port PORT. */
static bool is_taken(const struct appliance *a, unsigned port)
{
	char text[16];
	snprintf(text, sizeof(text), "%u/tcp", port);
	for (size_t i = 0; i < a->port_count; i++)
		if (strcmp(a->ports[i], text) == 0)
			return true;
	return false;
}

/* Holds CHILD, whose port is a setting's, when that is 0 or the service's. */
static void set_port(const struct appliance *a, struct child *child, const struct config *config)
{
	unsigned port = (unsigned)config_number(config, child->program.port_setting);
	bool taken = is_taken(a, port);
	if (taken)
		log_warnx("no status page: port %u is the service's; set status-port to another", port);
	child->held = port == 0 || taken;
	child->program.capabilities = port < 1024 ? CAPABILITY(NET_BIND_SERVICE) : 0;
}

static struct child *add_one(struct children *c, const struct program *row, const struct config *config)
{
	struct child *child = row->is_service ? add_service(c, row) : children_add(c, row);
	if (child != NULL && row->port_setting != 0)
		set_port(c->appliance, child, config);
	return child;
}

static bool is_wanted(const struct appliance *a, const struct program *row, const struct config *config)
{
	switch (row->when) {
	case ON_EACH_CONSOLE:
		return strcmp(config_get(config, CONFIG_CONSOLE), CONFIG_OFF) != 0;
	case AS_HELPER:
		return strcmp(row->name, a->helper) == 0;
	case ON_DEBUG_TERMINALS:
		return a->debug;
	case ALWAYS:
		break;
	}
	return !row->is_service || a->service[0] != '\0';
}

struct child *programs_add(struct children *c, const struct config *config, const char *host_name)
{
	struct child *service = NULL;
	dhcpcd_arguments[DHCPCD_HOST_NAME] = host_name;
	c->config = config;
	read_arguments(c->box, config);
	for (const struct program *row = programs; row < programs + program_count; row++) {
		if (!is_wanted(c->appliance, row, config))
			continue;
		if (row->when == ON_EACH_CONSOLE) {
			add_on_consoles(c, row);
		} else if (row->when == ON_DEBUG_TERMINALS) {
			add_terminal(c, row, "tty2");
			add_terminal(c, row, "hvc1");
		} else {
			struct child *child = add_one(c, row, config);
			service = row->is_service ? child : service;
		}
	}
	if (c->appliance->service[0] == '\0')
		child_write_empty();
	return service;
}

void programs_renew(struct children *c, const struct config *before, const struct config *config)
{
	bool other_addresses = strcmp(config_get(before, CONFIG_IP), config_get(config, CONFIG_IP)) != 0;
	read_arguments(c->box, config);
	for (struct child *child = c->child; child < c->child + c->count; child++) {
		const struct program *p = &child->program;
		if (p->port_setting != 0)
			set_port(c->appliance, child, config);
		if (p->restarted_by_settings)
			child_stop_by(c, child, true,
				other_addresses && p->address_change_signal != 0 ? p->address_change_signal
										 : SIGTERM);
	}
}
