/* The options for people: the container has no shell. */
#ifndef THIMBLE_ENTRY_ABOUT_H
#define THIMBLE_ENTRY_ABOUT_H

/* --help: prints the settings and how to give them. Returns the exit status. */
int about_help(void);

/* --status: the records of a container that runs. Returns the exit status: 0 when the service says "ready",
 * else 1. */
int about_status(void);

#endif
