/* The system calls that a program may make: a list (src/init/calls) and the filter of seccomp(2) that is
 * built of it. Numbers are those of the processor that the program is compiled for. */
#ifndef THIMBLE_CALLS_H
#define THIMBLE_CALLS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CALLS_MAX = 512,         /* more than there are */
	CALLS_FILTER_MAX = 2048, /* more instructions than any list gives; the kernel takes 4096 */
};

/* Which calls may be made. socket() has the families of `families`, a mask of 1 << AF_*; clone() makes no
 * namespaces, personality() nothing that makes a process easier to attack. */
struct calls {
	uint64_t families;
	uint64_t allowed[CALLS_MAX / 64]; /* bit NUMBER % 64 of NUMBER / 64 */
};

/* What becomes of other calls. */
enum calls_otherwise {
	CALLS_END,   /* the process ends by SIGSYS */
	CALLS_EPERM, /* the call fails; clone3() with ENOSYS, for which C libraries have clone() */
};

static inline bool calls_allow(const struct calls *c, unsigned number)
{
	return number < CALLS_MAX && (c->allowed[number / 64] >> number % 64 & 1) != 0;
}

/* The list NAME of src/init/calls, or NULL. */
const struct calls *calls_find(const char *name);

/* Writes the filter of C to CODE. The number of its instructions, 0 when it is too long. */
size_t calls_build(struct sock_filter code[static CALLS_FILTER_MAX], const struct calls *c,
	enum calls_otherwise otherwise);

/* Limits this process and all that it will start to C, for good; it has no new privileges from then on. -1
 * with errno, when nothing has changed but the privileges. */
int calls_limit(const struct calls *c, enum calls_otherwise otherwise);

#endif
