#include "about.h"

#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "records/relay.h"
#include "gather.h"

int about_help(void)
{
	char variable[VARIABLE_NAME_MAX];
	puts("Settings: key = value lines in /etc/thimble.conf, variables, arguments key=value; the later "
	     "wins.\n"
	     "--status   shows the records of a container that runs; ends with 0 when the service is "
	     "ready\n");
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		variable_name(variable, (enum config_key)key);
		printf("%s\n    %s\n    allowed: %s\n", config_definitions[key].name, variable,
			config_definitions[key].allowed);
	}
	return 0;
}

/* Whether the record says that its writer is ready. */
static bool print_record(const char *writer, const char *name)
{
	static struct record_view v;
	const char *key, *value;
	if (record_read(&v, writer, name) < 0)
		return false;
	printf("%s/%s\n", writer, name);
	for (size_t at = 0; record_next(&v, &at, &key, &value);)
		printf("    %s=%s\n", key, value);
	value = record_get(&v, KEY_OF(relay, state));
	return value != NULL && strcmp(value, relay_state_words[RELAY_READY]) == 0;
}

int about_status(void)
{
	char names[8][RECORD_NAME_MAX];
	size_t count = record_list("service", names, 8);
	bool ready = false;
	for (size_t i = 0; i < count && i < 8; i++)
		ready = print_record("service", names[i]) || ready;
	print_record("resolver", "upstreams");
	if (count == 0)
		printf("the service writes no record in %s/service\n", run_dir());
	return ready ? 0 : 1;
}
