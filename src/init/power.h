/* Shutdown of the guest: the requests, and the steps, within 2 s. docs/init.md draws it. */
#ifndef THIMBLE_POWER_H
#define THIMBLE_POWER_H

#include "children.h"

enum power_state {
	POWER_ON,
	POWER_STOPPING_SERVICE, /* the service may finish its sessions */
	POWER_STOPPING_REST,
	POWER_ENDING, /* reboot(2) is next */
	POWER_STATE_COUNT
};

struct power {
	struct children *children;
	struct child *service;
	enum power_state state;
	int command; /* of reboot(2) */
	char reason[80];
	struct loop_timer timer;
	struct loop_fd acpi; /* generic netlink socket */
	uint16_t acpi_family;
	void (*changed)(void); /* writes the record init/system */
};

void power_init(struct power *p, struct children *children, void (*changed)(void));

/* Begins the shutdown: COMMAND is RB_POWER_OFF or RB_AUTOBOOT, REASON is shown and logged. A second request
 * changes nothing. */
void power_end(struct power *p, int command, const char *reason);

/* Listens for the ACPI power button (generic netlink family acpi_event, drivers/acpi/event.c). Without
 * ACPI there is none, which is no error. 0, or -1 with errno. */
int power_watch_button(struct power *p);

#endif
