#include "watch.h"

#include <stddef.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

enum { PATH_BYTES_MAX = 256 };

void watch_open(struct watch *w)
{
	*w = (struct watch){.inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
	for (int i = 0; i < FOLDER_COUNT; i++)
		w->folders[i].descriptor = -1;
}

bool watch_complete(const struct watch *w)
{
	for (int i = 0; i < FOLDER_COUNT; i++)
		if (w->folders[i].descriptor < 0)
			return false;
	return true;
}

unsigned watch_poll(struct watch *w)
{
	unsigned changed = 0;
	for (int i = 0; i < FOLDER_COUNT; i++) {
		char path[PATH_BYTES_MAX];
		struct text t = TEXT(path);
		struct stat info;
		text_add(&t, "%s/%s", run_dir(), folder_names[i]);
		if (t.overflow || stat(path, &info) < 0)
			continue;
		/* Another folder may have taken the place of the one that is watched: a mount does that. */
		bool same = w->folders[i].device == info.st_dev && w->folders[i].inode == info.st_ino;
		if (w->folders[i].descriptor >= 0 && same)
			continue;
		if (w->folders[i].descriptor >= 0)
			inotify_rm_watch(w->inotify_fd, w->folders[i].descriptor);
		w->folders[i].device = info.st_dev;
		w->folders[i].inode = info.st_ino;
		struct timespec *modified = &w->folders[i].modified;
		if (modified->tv_sec != info.st_mtim.tv_sec || modified->tv_nsec != info.st_mtim.tv_nsec)
			changed |= 1u << i;
		*modified = info.st_mtim;
		/* Writers rename into the folder, so a half-written record raises no event. */
		if (w->inotify_fd >= 0)
			w->folders[i].descriptor = inotify_add_watch(
				w->inotify_fd, path, IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR);
		if (w->folders[i].descriptor >= 0)
			changed |= 1u << i;
	}
	return changed;
}

unsigned watch_read(struct watch *w)
{
	_Alignas(struct inotify_event) char buffer[4096];
	unsigned changed = 0;
	ssize_t length;
	while ((length = read(w->inotify_fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			if (event->mask & IN_Q_OVERFLOW)
				changed |= FOLDERS_ALL;
			for (int i = 0; i < FOLDER_COUNT; i++) {
				if (w->folders[i].descriptor != event->wd)
					continue;
				changed |= 1u << i;
				if (event->mask & IN_IGNORED) /* the folder is gone */
					w->folders[i].descriptor = -1;
			}
		}
	}
	return changed;
}
