/* The command line of the service. */
#ifndef THIMBLE_SERVICE_COMMAND_H
#define THIMBLE_SERVICE_COMMAND_H

#include "config.h"

/* What is executed as the service: its path, and arguments that begin with it and end with NULL. /bin/service
 * is a link to the executable, which has its own name: a program may go by how it is called. */
struct service_command {
	char path[64];
	char line[CONFIG_VALUE_MAX];
	char *arguments[1 + CONFIG_ARGUMENTS_MAX];
};
/* Reads the link and the setting service.args of CONFIG. */
void service_command_read(struct service_command *command, const struct config *config);

#endif
