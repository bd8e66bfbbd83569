#include "settings.h"

#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"
#include "scratch.h"

enum { LOOK_MS = 1000, PATH_BYTES_MAX = 256 };

static const struct {
	const char *folder, *file; /* NULL: any */
} places[] = {
	[FOLDER_INIT] = {"init", "config"},
	[FOLDER_NET] = {"net", NULL},
};
_Static_assert(sizeof(places) / sizeof(places[0]) == FOLDER_COUNT, "one row a folder");

/* Watches the folders that are not watched yet. Whether there were any. */
static bool watch_folders(struct settings *s, struct loop *loop)
{
	bool found = false, missing = false;
	for (int i = 0; i < FOLDER_COUNT; i++) {
		char path[PATH_BYTES_MAX];
		struct text t = TEXT(path);
		if (s->descriptors[i] >= 0)
			continue;
		text_add(&t, "%s/%s", run_dir(), places[i].folder);
		/* Records are renamed into their folder, so a half-written one raises no event. */
		if (!t.overflow)
			s->descriptors[i] = inotify_add_watch(
				s->watch.fd, path, IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR);
		found = found || s->descriptors[i] >= 0;
		missing = missing || s->descriptors[i] < 0;
	}
	if (missing)
		loop_arm(loop, &s->look, now_ms() + LOOK_MS);
	return found;
}

/* Whether the event matters. */
static bool read_event(struct settings *s, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (int i = 0; i < FOLDER_COUNT; i++) {
		if (s->descriptors[i] != event->wd)
			continue;
		if (event->mask & IN_IGNORED) /* it is gone */
			s->descriptors[i] = -1;
		return event->len == 0 || places[i].file == NULL || strcmp(event->name, places[i].file) == 0;
	}
	return false;
}

static void handle_events(struct loop *loop, struct loop_fd *fd, uint32_t events)
{
	struct settings *s = container_of(fd, struct settings, watch);
	_Alignas(struct inotify_event) char buffer[2048];
	bool changed = false;
	(void)events;
	ssize_t length = read(fd->fd, buffer, sizeof(buffer)); /* the rest raises another event */
	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
		at += (ssize_t)(sizeof(*event) + event->len);
		changed = read_event(s, event) || changed;
	}
	watch_folders(s, loop);
	if (changed)
		s->changed(s);
}

static void handle_look(struct loop *loop, struct loop_timer *timer)
{
	struct settings *s = container_of(timer, struct settings, look);
	if (watch_folders(s, loop))
		s->changed(s);
}

void settings_open(struct settings *s, struct loop *loop, void (*changed)(struct settings *))
{
	*s = (struct settings){
		.watch = {.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .handle = handle_events},
		.descriptors = {-1, -1},
		.look.handle = handle_look,
		.changed = changed};
	if (s->watch.fd < 0 || loop_add(loop, &s->watch, EPOLLIN) < 0)
		log_warn("inotify: settings that change are not seen");
	watch_folders(s, loop);
}

void settings_read(struct wanted *w)
{
	char setting[CONFIG_VALUE_MAX];
	struct text t = TEXT(setting);
	/* Not config_load(): the table of all settings would be in this program, for one that is checked
	 * anyway. */
	record_read(&scratch.view, "init", "config");
	const char *value = record_get(&scratch.view, "syslog");
	text_add(&t, "%s", value != NULL ? value : "");
	record_read(&scratch.view, "net", "resolver"); /* empty when there is none */
	wanted_read(w, setting, &scratch.view);
}
