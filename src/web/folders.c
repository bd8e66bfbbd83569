#include "folders.h"

#include <sys/stat.h>

#include "common/text.h"

enum {
	PATH_BYTES_MAX = 256,
	TICK_MS = 20, /* more than a tick of any kernel: by ticks it counts the times of files */
};

static int64_t ms_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A clock that was set back makes every time one of the future. */
static bool may_come_again(struct timespec modified)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return ms_of(modified) + TICK_MS >= ms_of(now);
}

static bool is_changed(struct folders *f, int i, const struct stat *now)
{
	bool same = f->seen[i].device == now->st_dev && f->seen[i].inode == now->st_ino &&
		    f->seen[i].modified.tv_sec == now->st_mtim.tv_sec &&
		    f->seen[i].modified.tv_nsec == now->st_mtim.tv_nsec;
	f->seen[i].device = now->st_dev;
	f->seen[i].inode = may_come_again(now->st_mtim) ? 0 : now->st_ino;
	f->seen[i].modified = now->st_mtim;
	return !same;
}

unsigned folders_changed(struct folders *f)
{
	unsigned changed = f->known ? 0 : FOLDERS_ALL;
	f->known = true;
	for (int i = 0; i < FOLDER_COUNT; i++) {
		char path[PATH_BYTES_MAX];
		struct text t = TEXT(path);
		struct stat now;
		text_add(&t, "%s/%s", run_dir(), folder_names[i]);
		if (t.overflow || stat(path, &now) < 0)
			now = (struct stat){0};
		changed |= (unsigned)is_changed(f, i, &now) << i;
	}
	return changed;
}
