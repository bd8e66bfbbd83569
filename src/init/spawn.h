/* The start of a child, and the end of what its user left. */
#ifndef THIMBLE_INIT_SPAWN_H
#define THIMBLE_INIT_SPAWN_H

#include <sys/types.h>

struct child;
struct children;
struct program;

/* What P's child executes; kept until the next call. */
const char *spawn_path(const struct program *p);

/* Forks and executes CHILD. The pid, or -1 with errno. *REPORT gets the end of a pipe with struct reports,
 * which closes when the program executes; for a box, when its first process ends. */
pid_t spawn(const struct children *c, const struct child *child, int *report);

/* Forks a process that kills every process of USER. Its pid, or -1 with errno. */
pid_t spawn_killer(const char *user);

#endif
