#include "service_command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"

void service_command_read(struct service_command *command, const struct config *config)
{
	static const char service[] = "/bin/service";
	ssize_t length = readlink(service, command->path, sizeof(command->path) - 1);
	size_t count;
	command->path[length > 0 ? length : 0] = '\0';
	/* A file in its place, or a link as long as this, is executed as it is. */
	if (command->path[0] != '/' || (size_t)length == sizeof(command->path) - 1)
		memcpy(command->path, service, sizeof(service));
	command->arguments[0] = command->path;
	/* Its words were looked at when it was set. */
	snprintf(command->line, sizeof(command->line), "%s", config_get(config, CONFIG_SERVICE_ARGS));
	arguments_split(command->line, command->arguments + 1, CONFIG_ARGUMENTS_MAX, &count);
}
