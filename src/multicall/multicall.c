/* The guest's one executable: each program of this tree under its own name. One C library and one src/common
 * for all of them, in the file and in memory. mk/programs.mk makes programs.h, which has a line PROGRAM(NAME,
 * FUNCTION) for each program that the appliance has; FUNCTION is that program's main. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls/calls.h"
#include "common/log.h"

#define PROGRAM(name, function) int function(int argc, char **argv);
#include "programs.h"
#undef PROGRAM

static const struct program {
	const char *name;
	int (*function)(int argc, char **argv);
} programs[] = {
#define PROGRAM(name, function) {name, function},
#include "programs.h"
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

/* Nothing that it reads comes before. A kernel of others, around a container, may know no filters. */
static void confine(const char *name)
{
	const struct calls *calls = calls_find(name);
	if (calls != NULL && calls_limit(calls, CALLS_END) < 0 && errno != EINVAL && errno != ENOSYS)
		fatal("seccomp");
}

int main(int argc, char **argv)
{
	const char *path = argc > 0 ? argv[0] : "";
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	for (size_t i = 0; i < PROGRAMS; i++)
		if (strcmp(programs[i].name, name) == 0) {
			confine(name);
			return programs[i].function(argc, argv);
		}
	/* The kernel's own choice of PID 1 (init/main.c) has whatever name it was found by. */
	if (getpid() == 1)
		return programs[0].function(argc, argv);
	fprintf(stderr, "%s: there is no program of this name in it\n", path);
	return 127;
}
