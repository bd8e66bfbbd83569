/* programs-help: prints init's table of programs (src/init/programs.def) as the table in docs/init.md; with
 * --rooms what each sees of the guest, with --security what each may do of the kernel's, for
 * docs/security.md. */
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "calls/calls.h"
#include "init/call_names.h"
#include "init/programs.h"

/* Of linux/capability.h: [CAP_CHOWN] = "CHOWN", ... */
static const char *const names[] = {
#include "capabilities.h"
};
_Static_assert(sizeof(names) / sizeof(names[0]) == CAP_LAST_CAP + 1, "one name a capability");

static void print_capabilities(const struct program *p)
{
	const char *space = "";
	if (p->is_service)
		printf("`NET_BIND_SERVICE` when a port of it is below 1024");
	else if (p->port_setting != 0)
		printf("`NET_BIND_SERVICE` when `%s` is below 1024",
			config_definitions[p->port_setting].name);
	else if (p->capabilities == (UINT64_C(2) << CAP_LAST_CAP) - 1)
		printf("all");
	else if (p->capabilities == 0)
		printf("none");
	for (unsigned i = 0; i <= CAP_LAST_CAP && p->when != ON_DEBUG_TERMINALS; i++)
		if ((p->capabilities >> i & 1) != 0) {
			printf("%s`%s`", space, names[i]);
			space = " ";
		}
}

static void print_processes(const struct program *p)
{
	if (p->is_service)
		printf("`SERVICE_PROCESSES`");
	else if (p->processes_limit == 0)
		printf("no limit");
	else
		printf("%u", p->processes_limit);
}

static const char *when_words(const struct program *p)
{
	switch (p->when) {
	case ALWAYS:
		break;
	case ON_EACH_CONSOLE:
		return "one on each console";
	case AS_HELPER:
		return "an appliance's helper";
	case ON_DEBUG_TERMINALS:
		return "`DEBUG=1`: tty2, hvc1";
	}
	return p->held ? "while there is a device for it" : "always";
}

/* Each word of WORDS; a device as the program knows it. */
static void print_places(const char *words, const char *device, const char *own)
{
	const char *space = "";
	if (own != NULL) {
		printf("`%s`", own);
		space = " ";
	}
	for (const char *at = words; at != NULL && *(at += strspn(at, " ")) != '\0'; at += strcspn(at, " ")) {
		printf("%s`%.*s`", space, (int)strcspn(at, " "), at);
		space = " ";
	}
	if (device != NULL)
		printf("%s`%s`", space, ROOM_DEVICE);
}

static void print_rooms(void)
{
	puts("| program | reads | writes to |\n|---|---|---|");
	for (const struct program *p = programs; p < programs + program_count; p++) {
		printf("| %s | ", p->name);
		if (p->is_service)
			printf("`SERVICE_SEES` of its appliance");
		else
			print_places(p->sees, NULL, NULL);
		printf(" | ");
		print_places(p->writes, p->device, p->has_records ? p->user : NULL);
		printf(" |\n");
	}
}

static unsigned count_calls(const struct calls *c)
{
	unsigned count = 0;
	for (unsigned number = 0; number < CALLS_MAX; number++)
		count += call_name(number) != NULL && calls_allow(c, number);
	return count;
}

/* The families that a mask has. */
static void print_families(uint64_t mask)
{
	static const struct {
		int family;
		const char *name;
	} families[] = {
#define FAMILY(name) {AF_##name, "AF_" #name}
		FAMILY(UNIX),
		FAMILY(INET),
		FAMILY(INET6),
		FAMILY(NETLINK),
		FAMILY(PACKET),
		FAMILY(ALG),
		FAMILY(VSOCK),
	};
	const char *space = "";
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if ((mask >> families[i].family & 1) != 0) {
			printf("%s`%s`", space, families[i].name);
			space = " ";
		}
}

/* A list of what may not be made has calls that there are not. */
static bool is_open(const struct calls *c)
{
	return calls_allow(c, CALLS_MAX - 1);
}

static void print_security_of(const struct program *p)
{
	const struct calls *c = calls_find(p->calls != NULL ? p->calls : p->name);
	printf("| %s | ", p->name);
	if (c == NULL) {
		puts("all | all | yes | nobody |");
		return;
	}
	printf("%u | ", count_calls(c));
	if (is_open(c))
		printf("all but ");
	print_families(is_open(c) ? ~c->families : c->families);
	printf("%s | %s | %s |\n", c->families == 0 ? "none" : "", calls_allow(c, SYS_execve) ? "yes" : "no",
		is_open(c)         ? "init's keeper, before it executes; EPERM"
		: p->calls != NULL ? "init, before it executes"
				   : "the program, first of all");
}

static void print_security(void)
{
	struct program relay = {.name = "relay"};
	puts("| program | system calls | sockets | executes | its list is set by |\n|---|---|---|---|---|");
	for (const struct program *p = programs; p < programs + program_count; p++) {
		if (p->is_service)
			print_security_of(&relay);
		print_security_of(p);
	}
}

static void print_limits(void)
{
	puts("| program | runs | user | capabilities | memory of each process | processes | open files | "
	     "`oom_score_adj` | new settings |\n|---|---|---|---|---|---|---|---|---|");
	for (const struct program *p = programs; p < programs + program_count; p++) {
		printf("| %s | %s | `%s`%s%s%s | ", p->name, when_words(p), program_starts_as(p),
			p->as_root ? ", then `" : "", p->as_root ? p->user : "", p->as_root ? "`" : "");
		print_capabilities(p);
		if (p->memory_limit_bytes != 0)
			printf(" | %llu MiB | ", (unsigned long long)p->memory_limit_bytes >> 20);
		else
			printf(" | no limit | ");
		print_processes(p);
		printf(" | %u | %d | %s |\n", p->files_limit, p->oom_score_adj,
			p->restarted_by_settings ? "restart it" : "");
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--rooms") == 0)
		print_rooms();
	else if (argc > 1 && strcmp(argv[1], "--security") == 0)
		print_security();
	else
		print_limits();
	return 0;
}
