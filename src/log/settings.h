/* What init/config and net's records say of the collector. */
#ifndef THIMBLE_LOG_SETTINGS_H
#define THIMBLE_LOG_SETTINGS_H

#include <stdbool.h>

#include "wanted.h"

/* What holds now. False: it could not be read now, and may be later. */
bool settings_read(struct wanted *w);

#endif
