/* The environment of what init starts. */
#ifndef THIMBLE_INIT_SERVICE_ENVIRONMENT_H
#define THIMBLE_INIT_SERVICE_ENVIRONMENT_H

#include "box_description.h"
#include "common/config.h"

/* What DESCRIPTION says, and by name where it says nothing what each program gets: PATH, HOME and TERM, in a
 * box PATH, HOME and HOSTNAME. NULL: there is no box. CONFIG: whose settings give variables; NULL for what is
 * not the service. An array that ends with NULL, kept until the next call. */
const char *const *service_environment(
	const struct box_description *description, const struct config *config, const char *home);

#endif
