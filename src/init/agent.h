/* The agent, which speaks with the hypervisor: it runs while there is something to speak through. */
#ifndef THIMBLE_AGENT_H
#define THIMBLE_AGENT_H

#include "children.h"

/* Its command line: path, back end, device or NULL, NULL. */
enum { AGENT_ARGUMENTS = 4 };
extern const char *agent_arguments[AGENT_ARGUMENTS];

/* The device that it is given, as the guest's /dev has it; "" while there is none. */
enum { AGENT_PORT_MAX = 32 };
extern char agent_device[sizeof("/dev/") + AGENT_PORT_MAX];

/* Looks for what it can speak through, now and at each event of the kernel's about a new device; starts and
 * stops it. C is kept. 0; or -1 with errno: those that come later are not seen. */
int agent_watch(struct children *c);

/* The port of QEMU's guest agent among those in FOLDER (/sys/class/virtio-ports), as /dev has it: "vport1p1".
 * False: there is none. */
bool agent_find_port(const char *folder, char name[static AGENT_PORT_MAX]);

/* Whether LENGTH bytes are an event of the kernel's (lib/kobject_uevent.c) about a device of SUBSYSTEM. */
bool uevent_is_about(const char *bytes, size_t length, const char *subsystem);

#endif
