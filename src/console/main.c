/* console NAME: shows the appliance's state on the tty that is its standard input and output, and takes
 * keys from it. NAME is the tty's as in /sys/class/tty/console/active: tty1, ttyS0, hvc0. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"
#include "screen.h"

/* tty1 is a screen of the kernel's own; ttyS0, hvc0 are lines with any terminal at the far end. */
static bool is_virtual_terminal(const char *name)
{
	return strncmp(name, "tty", 3) == 0 && isdigit((unsigned char)name[3]);
}

int main(int argc, char **argv)
{
	static struct screen screen;
	static struct config config;
	log_open("console");
	if (argc != 2) {
		log_warnx("usage: console NAME, the tty as standard input and output");
		return EXIT_USAGE;
	}
	if (config_load(&config) < 0)
		fatal("record init/config");
	const char *mode = config_get(&config, CONFIG_CONSOLE);
	if (strcmp(mode, CONFIG_OFF) == 0) {
		log_info("%s: off by the setting console=off", argv[1]);
		return 0;
	}
	if (screen_open(&screen, STDIN_FILENO, is_virtual_terminal(argv[1]),
		    strcmp(mode, CONFIG_READONLY) == 0) < 0)
		fatal("%s: cannot use it as a terminal", argv[1]);
	if (screen_run(&screen) < 0)
		fatal("%s: the event loop failed", argv[1]);
	log_info("%s: ended", argv[1]);
	return 0;
}
