/* The first process of a box. */
#ifndef THIMBLE_INIT_BOX_KEEPER_H
#define THIMBLE_INIT_BOX_KEEPER_H

#include <sys/types.h>

#include "common/config.h"
#include "programs.h"

/* Forks the keeper of the box of P, which is in namespaces of its own, and which starts the service. Its pid,
 * or -1 with errno. OUTPUT: what the service writes to. REPORT gets each struct report. */
pid_t box_start(const struct program *p, const struct config *config, int output, int report);

#endif
