/* The output of the children and of this program: line by line to the container's stderr, each with its name.
 */
#ifndef THIMBLE_ENTRY_OUTPUT_H
#define THIMBLE_ENTRY_OUTPUT_H

#include "common/loop.h"

/* With a name of 64 bytes a line is still one write that no other can break into (PIPE_BUF). */
enum { OUTPUT_LINE_MAX = 4000 };

struct output {
	struct loop_fd watch; /* the reading end of a pipe */
	int write_fd;         /* the other end; both stay open, so a restarted child writes to it */
	const char *name;
	size_t used;
	char line[OUTPUT_LINE_MAX];
};

/* Opens the pipe. NAME is kept, not copied. 0, or -1 with errno. */
int output_open(struct output *o, struct loop *loop, const char *name);

/* From here on this program's own stderr is an output like a child's. 0, or -1 with errno. */
int output_take_own(struct output *o, struct loop *loop, const char *name);

/* Writes out the rest of the pipes, and unfinished lines: before the program ends. */
void outputs_flush(void);

/* Takes LENGTH bytes that came, and passes on whole lines and pieces of OUTPUT_LINE_MAX bytes. */
void output_add(struct output *o, const char *bytes, size_t length);

#endif
