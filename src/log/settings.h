/* What init/config and net's records say of the collector. */
#ifndef THIMBLE_LOG_SETTINGS_H
#define THIMBLE_LOG_SETTINGS_H

#include "wanted.h"

/* What holds now. */
void settings_read(struct wanted *w);

#endif
