#include "service_environment.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VARIABLES_MAX = BOX_WORDS_MAX + CONFIG_VARIABLES_MAX + 4 };

static const char *variables[VARIABLES_MAX + 1];
static size_t count;

/* Adds VARIABLE unless there is one of its name. */
static void add(const char *variable)
{
	size_t name_bytes = strcspn(variable, "=") + 1;
	for (size_t i = 0; i < count; i++)
		if (strncmp(variables[i], variable, name_bytes) == 0)
			return;
	if (count < VARIABLES_MAX)
		variables[count++] = variable;
}

const char *const *service_environment(const struct box_description *description, const struct config *config,
	const char *home, const char *first)
{
	static char home_variable[128], name_variable[128] = "HOSTNAME=";
	char *name = name_variable + strlen("HOSTNAME=");
	const char *variable;
	count = 0;
	if (first != NULL)
		add(first);
	for (unsigned i = 0; config != NULL && (variable = config_variable(config, i, NULL)) != NULL; i++)
		add(variable);
	for (size_t i = 0; description != NULL && i < description->environment.count; i++)
		add(description->environment.word[i]);
	snprintf(home_variable, sizeof(home_variable), "HOME=%s", home);
	add(description != NULL ? "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
				: "PATH=/usr/bin:/bin:/sbin");
	add(home_variable);
	if (description == NULL)
		add("TERM=linux");
	else if (gethostname(name, sizeof(name_variable) - strlen("HOSTNAME=") - 1) == 0)
		add(name_variable);
	variables[count] = NULL;
	return variables;
}
