#include "records/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/record.h"

#define MOUNTS "/proc/self/mountinfo"

enum { PATH_BYTES_MAX = 256, AGAIN_MS = 250, AGAIN_MAX_MS = 5000, UNTRIED = -2 };

struct trouble {
	bool retry;  /* no event will tell when to look again */
	bool failed; /* something other than that it is not there */
};

enum {
	/* Writers rename into their folder, so a half-written record raises no event. */
	FOLDER_EVENTS = IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
	PARENT_EVENTS = FOLDER_EVENTS | IN_CREATE,
	FILE_EVENTS = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
};

/* Has PATH watched. The kernel gives the same descriptor for the same inode, so another one means that
 * another folder or file has taken its place. 0, or an error number. */
static int add_path(struct watch *w, int *descriptor, const char *path, uint32_t events)
{
	/* Who asks is told once in between, or the queue would fill; at the first file that is made. */
	uint32_t once = w->loop == NULL ? IN_ONESHOT | IN_CREATE : 0;
	int before = *descriptor;
	*descriptor = inotify_add_watch(w->events.fd, path, events | once);
	int error = *descriptor < 0 ? errno : 0;
	if (before >= 0 && before != *descriptor)
		inotify_rm_watch(w->events.fd, before);
	return error;
}

static int add_place(struct watch *w, size_t i)
{
	const char *place = w->places[i], *slash = strrchr(place, '/');
	int folder_bytes = (int)(slash == NULL ? strlen(place) : (size_t)(slash - place));
	char path[PATH_BYTES_MAX];
	struct text t = TEXT(path);
	if (place[0] == '/') {
		text_add(&t, "%.*s", folder_bytes, place);
		int error = add_path(w, &w->at[i].folder, path, PARENT_EVENTS);
		int file_error = add_path(w, &w->at[i].file, place, FILE_EVENTS);
		return error != 0 ? error : file_error;
	}
	text_add(&t, "%s/%.*s", run_dir(), folder_bytes, place);
	return add_path(w, &w->at[i].folder, path, FOLDER_EVENTS);
}

/* 0, or an error number: then it is not open. */
static int open_fd(struct watch *w, struct loop_fd *to, int fd, uint32_t events)
{
	to->fd = fd;
	if (fd >= 0 && (w->loop == NULL || loop_add(w->loop, to, events) == 0))
		return 0;
	int error = errno;
	if (fd >= 0)
		close(fd);
	to->fd = -1;
	return error;
}

static int open_events(struct watch *w)
{
	return w->events.fd >= 0 ? 0
				 : open_fd(w, &w->events, inotify_init1(IN_NONBLOCK | IN_CLOEXEC), EPOLLIN);
}

/* It tells of mounts by EPOLLPRI: mounts_poll() of Linux' fs/proc_namespace.c. A program without a /proc is
 * in a room of init's, whose mounts stay what they are. */
static int open_mounts(struct watch *w)
{
	int error = w->mounts.fd >= 0 || w->loop == NULL
			    ? 0
			    : open_fd(w, &w->mounts, open(MOUNTS, O_RDONLY | O_CLOEXEC), EPOLLPRI);
	return error == ENOENT ? 0 : error;
}

/* Says the first thing that fails, and looks again later. ENOENT is no failure: it is not there yet. */
static void note(struct watch *w, struct trouble *t, const char *what, int error)
{
	t->retry = t->retry || error != 0;
	if (error == 0 || error == ENOENT || t->failed)
		return;
	t->failed = true;
	errno = error;
	if (!w->said)
		log_warn("cannot follow %s, trying again", what);
}

static void arm_again(struct watch *w, const struct trouble *t)
{
	w->said = t->failed;
	if (!t->retry)
		w->again_ms = AGAIN_MS;
	if (w->loop == NULL)
		return;
	if (!t->retry)
		loop_disarm(w->loop, &w->again);
	else if (w->again.previous == NULL)
		loop_arm(w->loop, &w->again, now_ms() + w->again_ms);
}

/* Looks at every place: a mask of those that are not what they were, or cannot be followed. */
static unsigned look_at_places(struct watch *w)
{
	struct trouble t = {0};
	unsigned changed = 0;
	note(w, &t, "inotify", open_events(w));
	note(w, &t, MOUNTS, open_mounts(w));
	note(w, &t, run_dir(), add_path(w, &w->run, run_dir(), PARENT_EVENTS));
	for (size_t i = 0; i < w->count; i++) {
		int folder = w->at[i].folder, file = w->at[i].file;
		int error = add_place(w, i);
		if (folder != w->at[i].folder || file != w->at[i].file || (error != 0 && error != ENOENT))
			changed |= 1u << i;
		/* A folder that appears is an event of the one above it; a file may be a link to anywhere. */
		if (error != ENOENT || w->places[i][0] == '/')
			note(w, &t, w->places[i], error);
	}
	arm_again(w, &t);
	return changed;
}

static unsigned places_of_event(const struct watch *w, const struct inotify_event *event)
{
	unsigned changed = 0;
	for (size_t i = 0; i < w->count; i++) {
		const char *slash = strrchr(w->places[i], '/');
		bool is_meant = event->len == 0 || slash == NULL || strcmp(event->name, slash + 1) == 0;
		if ((event->mask & IN_Q_OVERFLOW) || event->wd == w->at[i].file ||
			(event->wd == w->at[i].folder && is_meant))
			changed |= 1u << i;
	}
	return changed;
}

static unsigned read_events(struct watch *w)
{
	_Alignas(struct inotify_event) char buffer[1024];
	unsigned changed = 0;
	ssize_t length;
	while ((length = read(w->events.fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			changed |= places_of_event(w, event);
		}
	return changed;
}

unsigned watch_ask(struct watch *w)
{
	unsigned changed = read_events(w);
	return changed | look_at_places(w);
}

/* What cannot be read is read again: no event would tell that it can. */
static void call_changed(struct watch *w, unsigned changed)
{
	w->again_wanted = false;
	w->unread = 0;
	file_take_error(); /* of other files */
	w->changed(w, changed);
	int error = file_take_error();
	if ((error == 0 && !w->again_wanted) || w->closed) {
		w->said_unread = false;
		return;
	}
	errno = error;
	if (error != 0 && !w->said_unread)
		log_warn("cannot read a file of %s, trying again", w->places[0]);
	w->said_unread = error != 0;
	w->unread = changed;
	if (w->again.previous == NULL)
		loop_arm(w->loop, &w->again, now_ms() + w->again_ms);
}

static void look_again(struct watch *w)
{
	unsigned changed = watch_ask(w) | w->unread;
	if (changed != 0)
		call_changed(w, changed);
}

void watch_read(struct watch *w)
{
	call_changed(w, (1u << w->count) - 1);
}

void watch_again(struct watch *w)
{
	w->again_wanted = true;
}

static void handle_events(struct loop *loop, struct loop_fd *fd, uint32_t events)
{
	(void)loop, (void)events;
	look_again(container_of(fd, struct watch, events));
}

static void handle_mounts(struct loop *loop, struct loop_fd *fd, uint32_t events)
{
	(void)loop, (void)events;
	look_again(container_of(fd, struct watch, mounts));
}

static void handle_again(struct loop *loop, struct loop_timer *timer)
{
	struct watch *w = container_of(timer, struct watch, again);
	(void)loop;
	w->again_ms = w->again_ms * 2 < AGAIN_MAX_MS ? w->again_ms * 2 : AGAIN_MAX_MS;
	look_again(w);
}

void watch_open(struct watch *w, struct loop *loop, const char *const *places, size_t count,
	void (*changed)(struct watch *, unsigned places))
{
	*w = (struct watch){.loop = loop,
		.places = places,
		.count = count,
		.changed = changed,
		.events = {.fd = -1, .handle = handle_events},
		.mounts = {.fd = -1, .handle = handle_mounts},
		.again.handle = handle_again,
		.again_ms = AGAIN_MS,
		.run = UNTRIED};
	for (size_t i = 0; i < count; i++)
		w->at[i].folder = w->at[i].file = UNTRIED;
	if (loop != NULL)
		look_at_places(w);
}

void watch_close(struct watch *w)
{
	w->closed = true;
	loop_disarm(w->loop, &w->again);
	loop_close(w->loop, &w->events);
	loop_close(w->loop, &w->mounts);
}
