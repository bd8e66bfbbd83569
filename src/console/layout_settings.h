/* The settings in force and where each came from, a page at a time. */
#ifndef CONSOLE_LAYOUT_SETTINGS_H
#define CONSOLE_LAYOUT_SETTINGS_H

#include "canvas.h"
#include "status/status.h"

/* Draws page PAGE, from 0 and wrapping; those that are set stand before those that are not. Returns how many
 * pages there are, and the page drawn in *DRAWN. */
int settings_draw(struct canvas *c, const struct config_record *s, int page, int *drawn);

#endif
