/* Fills the model from the record folders. */
#ifndef STATUS_LOAD_H
#define STATUS_LOAD_H

#include "status.h"

/* The folders that the screen is made of; also bits of a mask, as 1u << FOLDER_INIT. */
enum folder { FOLDER_INIT, FOLDER_NET, FOLDER_LINK, FOLDER_SERVICE, FOLDER_LOG, FOLDER_AGENT, FOLDER_COUNT };

enum { FOLDERS_ALL = (1u << FOLDER_COUNT) - 1 };

extern const char *const folder_names[FOLDER_COUNT];

/* Rereads the records of the folders in MASK. */
void state_load(struct status *s, unsigned mask);

#endif
