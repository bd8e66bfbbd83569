/* The environment of what init starts. */
#ifndef THIMBLE_INIT_SERVICE_ENVIRONMENT_H
#define THIMBLE_INIT_SERVICE_ENVIRONMENT_H

#include "box_description.h"
#include "common/config.h"

/* What the settings of CONFIG give the service, what DESCRIPTION says, and what each program gets: PATH, HOME
 * and TERM, in a box PATH, HOME and HOSTNAME; by name the first of them holds. FIRST, a variable or NULL,
 * stands before them all. DESCRIPTION is NULL where there is no box, CONFIG for what is not the service. An
 * array that ends with NULL, kept until the next call or until something is set. */
const char *const *service_environment(const struct box_description *description, const struct config *config,
	const char *home, const char *first);

#endif
