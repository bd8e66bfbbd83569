/* The guest's one executable: each program of this tree under its own name. One C library and one src/common
 * for all of them, in the file and in memory. mk/programs.mk makes programs.h, which has a line PROGRAM(NAME,
 * FUNCTION) for each program that the appliance has; FUNCTION is that program's main. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAM(name, function)                                                                              \
	int function(int argc, char **argv);                                                                 \
	extern char __start_##function##_bss[];                                                              \
	extern char __stop_##function##_bss[];
#include "programs.h"
#undef PROGRAM

static const struct program {
	const char *name;
	int (*function)(int argc, char **argv);
	char *bss, *bss_end; /* whole pages */
} programs[] = {
#define PROGRAM(name, function) {name, function, __start_##function##_bss, __stop_##function##_bss},
#include "programs.h"
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

/* Were the zeroed variables of all programs part of the executable, all of them would count towards the
 * memory limit of each. tools/leave-out-bss leaves them out; whoever runs asks for its own. Where the heap
 * would begin there musl's malloc() finds no room by brk(), and goes on by mmap(). */
static int run(const struct program *program, int argc, char **argv)
{
	size_t bytes = (size_t)(program->bss_end - program->bss);
	if (bytes > 0 && mmap(program->bss, bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		fprintf(stderr, "%s: its variables: %s\n", program->name, strerror(errno));
		return 127;
	}
	return program->function(argc, argv);
}

int main(int argc, char **argv)
{
	const char *path = argc > 0 ? argv[0] : "";
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	for (size_t i = 0; i < PROGRAMS; i++)
		if (strcmp(programs[i].name, name) == 0)
			return run(&programs[i], argc, argv);
	/* The kernel's own choice of PID 1 (init/main.c) has whatever name it was found by. */
	if (getpid() == 1)
		return run(&programs[0], argc, argv);
	fprintf(stderr, "%s: there is no program of this name in it\n", path);
	return 127;
}
