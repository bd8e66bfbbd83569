/* A folder of its own for records: THIMBLE_RUN. */
#ifndef THIMBLE_TEST_FOLDER_H
#define THIMBLE_TEST_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char test_folder[64];

static inline int folder_setup(void **state)
{
	(void)state;
	snprintf(test_folder, sizeof(test_folder), "/tmp/thimble-unit-XXXXXX");
	return mkdtemp(test_folder) == NULL ? -1 : setenv("THIMBLE_RUN", test_folder, 1);
}

static inline int folder_remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
	(void)s;
	(void)type;
	(void)f;
	return remove(path);
}

static inline int folder_teardown(void **state)
{
	(void)state;
	return nftw(test_folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
