#include "watch.h"

#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/log.h"
#include "common/record.h"
#include "environment.h"

enum { PATH_BYTES_MAX = 256 };

enum {
	FOLDER_EVENTS = IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR,
	FILE_EVENTS = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
};

/* Writers of records rename into their folder, so a half-written one raises no event. A file's name in
 * `files`, between blanks: others in the folder do not matter. */
static const struct {
	const char *below_run; /* or the whole `path` */
	const char *path;
	uint32_t events;
	const char *files;
} places[] = {
	[WATCH_RUN] = {"", NULL, FOLDER_EVENTS | IN_CREATE, " init net "},
	[WATCH_INIT] = {"/init", NULL, FOLDER_EVENTS, " config "},
	[WATCH_NET] = {"/net", NULL, FOLDER_EVENTS, " resolver resolv.conf "},
	[WATCH_CONF] = {NULL, environment_conf_path, FILE_EVENTS, NULL},
	[WATCH_CONF_FOLDER] = {NULL, "/etc", FOLDER_EVENTS, " resolv.conf "},
};
_Static_assert(sizeof(places) / sizeof(places[0]) == WATCH_PLACE_COUNT, "one row a place");

bool watch_is_complete(const struct watch *w)
{
	for (int i = 0; i < WATCH_PLACE_COUNT; i++)
		if (w->places[i].descriptor < 0)
			return false;
	return true;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_same_content(const struct stat *a, const struct stat *b)
{
	return is_same_file(a, b) && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool watch_look(struct watch *w)
{
	bool changed = false;
	for (int i = 0; i < WATCH_PLACE_COUNT; i++) {
		char path[PATH_BYTES_MAX];
		struct text t = TEXT(path);
		struct stat now;
		if (places[i].path != NULL)
			text_add(&t, "%s", places[i].path);
		else
			text_add(&t, "%s%s", run_dir(), places[i].below_run);
		if (t.overflow || stat(path, &now) < 0)
			now = (struct stat){0};
		changed = changed || !is_same_content(&now, &w->places[i].seen);
		/* Another one may have taken the place of the one that is watched: a mount does that. */
		if (w->places[i].descriptor >= 0 && !is_same_file(&now, &w->places[i].seen)) {
			inotify_rm_watch(w->fd.fd, w->places[i].descriptor);
			w->places[i].descriptor = -1;
		}
		w->places[i].seen = now;
		if (w->places[i].descriptor < 0 && now.st_ino != 0 && w->fd.fd >= 0)
			w->places[i].descriptor = inotify_add_watch(w->fd.fd, path, places[i].events);
	}
	return changed;
}

/* Whether the event matters. */
static bool read_event(struct watch *w, const struct inotify_event *event)
{
	char word[PATH_BYTES_MAX + 2];
	struct text t = TEXT(word);
	text_add(&t, " %s ", event->len > 0 ? event->name : "");
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (int i = 0; i < WATCH_PLACE_COUNT; i++) {
		if (w->places[i].descriptor != event->wd)
			continue;
		if (event->mask & IN_IGNORED) /* it is gone */
			w->places[i].descriptor = -1;
		if (event->len == 0 || (places[i].files != NULL && strstr(places[i].files, word) != NULL))
			return true;
	}
	return false;
}

static void handle_events(struct loop *loop, struct loop_fd *fd, uint32_t events)
{
	struct watch *w = container_of(fd, struct watch, fd);
	_Alignas(struct inotify_event) char buffer[4096];
	bool changed = false;
	ssize_t length;
	(void)loop, (void)events;
	while ((length = read(fd->fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			changed = read_event(w, event) || changed;
		}
	}
	if (!changed)
		return;
	watch_look(w);
	w->changed(w);
}

void watch_open(struct watch *w, struct loop *loop, void (*changed)(struct watch *))
{
	*w = (struct watch){.changed = changed,
		.fd = {.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .handle = handle_events}};
	for (int i = 0; i < WATCH_PLACE_COUNT; i++)
		w->places[i].descriptor = -1;
	if (w->fd.fd < 0 || loop_add(loop, &w->fd, EPOLLIN) < 0)
		log_warn("inotify: changes are looked for instead");
	watch_look(w);
}
