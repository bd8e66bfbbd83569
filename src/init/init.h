/* PID 1: what its parts share. docs/init.md draws the two state machines. */
#ifndef THIMBLE_INIT_H
#define THIMBLE_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/config.h"
#include "common/loop.h"
#include "common/net_text.h"
#include "common/record.h"

enum { REFUSED_MAX = 8, PORTS_MAX = 16 };

/* What this image is: /etc/thimble/appliance, written by the build. */
struct appliance {
	char name[64];
	char version[32];
	char arch[16];
	char service[64];
	char helper[32]; /* the program beside the service: /bin/NAME, run as user NAME; "" for none */
	bool debug;
	char ports[PORTS_MAX][16]; /* "1688/tcp" */
	size_t port_count;
	uint64_t capabilities; /* of the service, mask of 1 << CAP_* */
	uint64_t processes_limit;
};

struct settings {
	struct config config;
	char refused[REFUSED_MAX][256]; /* the first error lines */
};

/* mounts.c: makes the file systems, folders and kernel settings that everything else needs. Failures are
 * logged and left at that: a guest with a part missing shows more than one that does not start. */
enum mount_step { MOUNT_FIRST, MOUNT_REST };
void mount_step(enum mount_step step);
void apply_sysctl(const char *path);
/* net.ipv4.tcp_mem by what this guest has: the kernel's own choice for a small one, a sixteenth, makes TCP
 * end connections by RST as soon as a thousand come at once (tcp_check_oom() in net/ipv4/tcp.c). */
void set_tcp_memory(uint64_t available_bytes);
void bring_loopback_up(void);

/* host_name.c: the setting's name, else the one that DHCP gives, else one made of the MAC. Nobody else sets
 * it. */
struct host_name {
	const char *origin;                   /* "setting", "dhcp" or "mac" */
	char at_boot[MACHINE_NAME_MAX + 1];   /* before DHCP has said anything: what dhcpcd sends */
	char from_dhcp[2 * MACHINE_NAME_MAX]; /* the last one looked at, cut to this, so that each is told of
						 once */
};
void host_name_begin(struct host_name *h, const struct config *c);
/* NAME: what the network calls this machine now, checked here; NULL, nothing: the name stays as it is. */
void host_name_follow(struct host_name *h, const char *name);

/* settings.c */
void appliance_read(struct appliance *a, const char *path);

/* What is executed as the service: its path, and arguments that begin with it and end with NULL. /bin/service
 * is a link to the executable, which has its own name: a program may go by how it is called. */
struct service_command {
	char path[64];
	char line[CONFIG_VALUE_MAX];
	char *arguments[1 + CONFIG_ARGUMENTS_MAX];
};
void service_command_read(struct service_command *command, const struct config *config);

/* exit_words.c: STATUS of waitpid in words: "exit status 3", "killed by SIGSEGV". */
void text_add_exit(struct text *t, int status);

/* The service NAME has ended by itself, LIVED_MS after its start. Status 0 within the first second is what a
 * daemon does that goes to the background: logs so, and what to do. */
void exit_explain(const char *name, int status, int64_t lived_ms);

#endif
