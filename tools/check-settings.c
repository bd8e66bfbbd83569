/* check-settings: reads settings from stdin and says on stderr what the guest would refuse of them. The
 * argument is what the messages name. 0, or 1 when a line is refused. */
#include <stdio.h>

#include "common/config.h"

static void print(const char *error)
{
	fprintf(stderr, "%s\n", error);
}

int main(int argc, char **argv)
{
	static char bytes[65536];
	static struct config config;
	size_t length = fread(bytes, 1, sizeof(bytes), stdin);
	config_init(&config);
	config_read_text(&config, bytes, length, argc > 1 ? argv[1] : "stdin", print);
	return config.refused > 0 ? 1 : 0;
}
