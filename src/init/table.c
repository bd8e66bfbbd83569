/* What init runs, in the order of its start. */
#include "table.h"

#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "common/arguments.h"
#include "common/file.h"
#include "common/log.h"
#include "common/service_command.h"
#include "dhcpcd_conf.h"

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)
#define MIB              (UINT64_C(1) << 20)

enum { TERMINALS_MAX = 8 };

/* dhcpcd's master drops to its own user and keeps a helper as root: sockets, addresses and routes need these.
 */
static const uint64_t dhcpcd_capabilities = CAPABILITY(NET_ADMIN) | CAPABILITY(NET_RAW) |
					    CAPABILITY(NET_BIND_SERVICE) | CAPABILITY(SETUID) |
					    CAPABILITY(SETGID) | CAPABILITY(SYS_CHROOT) | CAPABILITY(CHOWN) |
					    CAPABILITY(KILL) | CAPABILITY(DAC_OVERRIDE) | CAPABILITY(FOWNER);

/* With -h it sends one name for ever. Without a word it would send the name in use, which may be the one that
 * the server gave: each renewal would then ask for the server's own last answer. */
enum { DHCPCD_CONF = 4, DHCPCD_HOST_NAME = 6 }; /* places of arguments */
static const char *dhcpcd_arguments[] = {
	"/sbin/dhcpcd", "-B", "-M", "-f", NULL, "-h", [DHCPCD_HOST_NAME] = "", NULL};
static const char *const link_arguments[] = {"/bin/link", NULL};
static const char *const net_arguments[] = {"/bin/net", NULL};
static const char *const log_arguments[] = {"/bin/log", NULL};
static const char *const clock_arguments[] = {"/bin/clock", NULL};
static const char *const web_arguments[] = {"/bin/web", NULL};
static const char *const shell_arguments[] = {"/bin/sh", "-l", NULL};

/* Ours are small and well known: low limits show a leak early. Out of memory takes the service first (1000),
 * these last (-900); init itself is never taken. */
static const struct child_definition definitions[] = {
	{.name = "link",
		.arguments = link_arguments,
		.user = "link",
		.leftovers = "link",
		.capabilities = CAPABILITY(NET_ADMIN) | CAPABILITY(NET_RAW), /* ARP announcements */
		.memory_limit_bytes = 8 * MIB,
		.processes_limit = 2,
		.files_limit = 64,
		.oom_score_adj = -900,
		.sandbox = SANDBOX_NONE},
	{.name = "dhcpcd",
		.arguments = dhcpcd_arguments,
		.user = "root",
		.leftovers = "dhcpcd",
		.capabilities = dhcpcd_capabilities,
		.memory_limit_bytes = 16 * MIB,
		.processes_limit = 32,
		.files_limit = 256,
		.oom_score_adj = -900,
		.sandbox = SANDBOX_NONE},
	{.name = "net",
		.arguments = net_arguments,
		.user = "net",
		.leftovers = "net",
		.memory_limit_bytes = 8 * MIB,
		.processes_limit = 2,
		.files_limit = 64,
		.oom_score_adj = -900,
		.sandbox = SANDBOX_NONE},
	{.name = "log",
		.arguments = log_arguments,
		.user = "log",
		.reads_outputs = true,
		.leftovers = "log",
		.memory_limit_bytes = 8 * MIB,
		.processes_limit = 2,
		.files_limit = 64,
		.oom_score_adj = -900,
		.sandbox = SANDBOX_NONE},
};

/* With ntpd, which it starts: this alone may set the clock. The last in line, for nothing waits for the time.
 */
static const struct child_definition clock_definition = {.name = "clock",
	.arguments = clock_arguments,
	.user = "clock",
	.leftovers = "clock",
	.capabilities = CAPABILITY(SYS_TIME),
	.memory_limit_bytes = 8 * MIB,
	.processes_limit = 4,
	.files_limit = 64,
	.oom_score_adj = -900,
	.sandbox = SANDBOX_NONE};

/* Reads what anybody who may see the page sends: out of memory takes it after the service, before what the
 * guest needs. */
static const struct child_definition web_definition = {.name = "web",
	.arguments = web_arguments,
	.user = "web",
	.leftovers = "web",
	.memory_limit_bytes = 8 * MIB,
	.processes_limit = 2,
	.files_limit = 128,
	.oom_score_adj = -500,
	.sandbox = SANDBOX_NONE};

/* One screen; several share the user, so none has `leftovers`. It is first in the table and before the others
 * in line: it needs few milliseconds, and people see the state while the rest still starts, or while a
 * service spins. */
static const struct child_definition console_definition = {.user = "console",
	.memory_limit_bytes = 8 * MIB,
	.processes_limit = 2 * TERMINALS_MAX,
	.files_limit = 64,
	.oom_score_adj = -900,
	.nice = -10,
	.sandbox = SANDBOX_NONE};

static const struct child_definition shell_definition = {.user = "root",
	.arguments = shell_arguments,
	.controls = true,
	.capabilities = (UINT64_C(2) << CAP_LAST_CAP) - 1,
	.files_limit = 256,
	.oom_score_adj = -900,
	.sandbox = SANDBOX_NONE};

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

static void add_terminal(
	struct children *c, const struct child_definition *base, const char *kind, const char *tty)
{
	static struct terminal {
		char name[40], path[32];
		const char *arguments[3];
	} terminals[TERMINALS_MAX];
	static size_t count;
	if (count == TERMINALS_MAX) {
		log_warnx("%s: no room for more than %d terminals", tty, TERMINALS_MAX);
		return;
	}
	struct terminal *t = &terminals[count++];
	struct child_definition d = *base;
	snprintf(t->name, sizeof(t->name), "%s.%.16s", kind, tty);
	snprintf(t->path, sizeof(t->path), "/dev/%.16s", tty);
	d.name = t->name;
	d.terminal = t->path;
	if (d.arguments == NULL) {
		t->arguments[0] = "/bin/console";
		t->arguments[1] = t->path + strlen("/dev/");
		d.arguments = t->arguments;
	}
	children_add(c, &d);
}

/* One screen for each console that the kernel writes to: those are the ones that somebody can see. */
static void add_consoles(struct children *c)
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
			add_terminal(c, &console_definition, "console", words[i]);
		else if (!display_is_dummy())
			add_terminal(c, &console_definition, "console", "tty1");
	}
}

/* The program that the appliance has beside its service: out of memory takes it after that one and before
 * what the guest needs. */
static void add_helper(struct children *c)
{
	static char path[sizeof("/bin/") + sizeof(c->appliance->helper)];
	static const char *arguments[] = {path, NULL};
	const char *name = c->appliance->helper;
	snprintf(path, sizeof(path), "/bin/%s", name);
	struct child_definition d = {.name = name,
		.arguments = arguments,
		.user = name,
		.leftovers = name,
		.memory_limit_bytes = 8 * MIB,
		.processes_limit = 8,
		.files_limit = 64,
		.oom_score_adj = -500,
		.sandbox = SANDBOX_NONE};
	children_add(c, &d);
}

static struct service_command service_command;

/* What programs are told by their arguments. */
static void read_arguments(const struct config *config)
{
	dhcpcd_arguments[DHCPCD_CONF] = dhcpcd_conf_write(config);
	service_command_read(&service_command, config);
}

static struct child *add_service(struct children *c)
{
	const struct appliance *a = c->appliance;
	struct child_definition d = {.name = a->service,
		.arguments = (const char *const *)service_command.arguments,
		.user = "service",
		.leftovers = "service",
		.capabilities = a->capabilities,
		.processes_limit = (unsigned)a->processes_limit,
		.files_limit = 262144,
		.oom_score_adj = 1000,
		.sandbox = SANDBOX_NONE,
		.is_service = true};
	return children_add(c, &d);
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

/* The service goes before: the page would have its port first. */
static void set_web(const struct appliance *a, struct child *web, const struct config *config)
{
	unsigned port = (unsigned)config_number(config, CONFIG_STATUS_PORT);
	bool taken = is_taken(a, port);
	if (taken)
		log_warnx("no status page: port %u is the service's; set status-port to another", port);
	web->held = port == 0 || taken;
	web->definition.capabilities = port < 1024 ? CAPABILITY(NET_BIND_SERVICE) : 0;
}

struct child *table_fill(struct children *c, const struct config *config, const char *host_name)
{
	dhcpcd_arguments[DHCPCD_HOST_NAME] = host_name;
	if (strcmp(config_get(config, CONFIG_CONSOLE), CONFIG_OFF) != 0)
		add_consoles(c);
	read_arguments(config);
	for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++)
		children_add(c, &definitions[i]);
	if (c->appliance->helper[0] != '\0')
		add_helper(c);
	agent_add(c);
	struct child *service = add_service(c);
	struct child *web = children_add(c, &web_definition);
	if (web != NULL)
		set_web(c->appliance, web, config);
	children_add(c, &clock_definition);
	if (c->appliance->debug) {
		add_terminal(c, &shell_definition, "shell", "tty2");
		add_terminal(c, &shell_definition, "shell", "hvc1");
	}
	return service;
}

/* Screens and the agent take nothing from the settings, or only at the start of the guest; the log follows
 * them by itself. */
static bool reads_settings(const struct child_definition *d)
{
	return d->terminal == NULL && !d->reads_outputs && strcmp(d->name, "agent") != 0;
}

/* dhcpcd leaves its addresses to its next life when it ends by SIGTERM (`persistent`). By SIGALRM it takes
 * them away and gives the leases back: a NIC that had one may have an address of the settings now. */
static int end_signal(const struct child_definition *d, bool other_addresses)
{
	return other_addresses && strcmp(d->name, "dhcpcd") == 0 ? SIGALRM : SIGTERM;
}

void table_renew(struct children *c, const struct config *before, const struct config *config)
{
	bool other_addresses = strcmp(config_get(before, CONFIG_IP), config_get(config, CONFIG_IP)) != 0;
	read_arguments(config);
	for (size_t i = 0; i < c->count; i++) {
		const struct child_definition *d = &c->child[i].definition;
		if (strcmp(d->name, web_definition.name) == 0)
			set_web(c->appliance, &c->child[i], config);
		if (reads_settings(d))
			child_stop_by(c, &c->child[i], true, end_signal(d, other_addresses));
	}
}
