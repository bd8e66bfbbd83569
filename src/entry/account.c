#include "account.h"

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"
#include "common/record.h"

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)

/* The capabilities to give a child another user, and to kill it afterwards. */
static const uint64_t needed = CAPABILITY(CHOWN) | CAPABILITY(SETUID) | CAPABILITY(SETGID) | CAPABILITY(KILL);

uint64_t account_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

static int make_folder(const char *writer)
{
	if (record_make_folder(writer) == 0)
		return 0;
	log_warn("cannot make the folder %s%s%s as user %u; mount a tmpfs at /run, or let THIMBLE_RUN name a "
		 "folder that this user may write to",
		run_dir(), writer[0] != '\0' ? "/" : "", writer, (unsigned)geteuid());
	return -1;
}

int accounts_make_folders(void)
{
	umask(022);
	return make_folder("") < 0 || make_folder("init") < 0 ? -1 : 0;
}

int account_prepare(struct account *account, const char *folder, const char *user)
{
	char path[256];
	struct text t = TEXT(path);
	*account = (struct account){.uid = geteuid(), .gid = getegid()};
	if (make_folder(folder) < 0)
		return -1;
	if (account->uid != 0)
		return 0;
	const struct passwd *found = getpwnam(user);
	text_add(&t, "%s/%s", run_dir(), folder);
	if (found != NULL && !t.overflow && (account_capabilities() & needed) == needed &&
		chown(path, found->pw_uid, found->pw_gid) == 0)
		*account = (struct account){.other = true, .uid = found->pw_uid, .gid = found->pw_gid};
	else
		log_warnx(
			"%s runs as root, without capabilities: no such user here, or no right to become it",
			user);
	return 0;
}
