/* The sources of a guest's settings; a later one overrides an earlier one. */
#ifndef THIMBLE_SETTING_SOURCES_H
#define THIMBLE_SETTING_SOURCES_H

#include "common/config.h"
#include "records/system.h"

struct settings {
	struct config config;
	char refused[REFUSED_MAX][256]; /* the first error lines */
};

/* Reads all of them into S, each value with where it came from. */
void settings_read(struct settings *s);

#endif
