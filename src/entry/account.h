/* The users that the children run as: their own where this program may switch to it, else this program's. */
#ifndef THIMBLE_ENTRY_ACCOUNT_H
#define THIMBLE_ENTRY_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct account {
	bool other; /* another user than this program's */
	uid_t uid;
	gid_t gid;
};

/* The capabilities that this program has in force, mask of 1 << CAP_*. */
uint64_t account_capabilities(void);

/* Makes run_dir() and the folder of init's own record. 0, or -1 (logged). */
int accounts_make_folders(void);

/* Makes the folder of records of USER's program, run_dir()/FOLDER, and chooses the user that the program runs
 * as: USER of /etc/passwd, who then owns the folder; or this program's own user if it may not switch, or if a
 * user namespace has no such user. 0, or -1: the folder cannot be made (logged). */
int account_prepare(struct account *account, const char *folder, const char *user);

#endif
