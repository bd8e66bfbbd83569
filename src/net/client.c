#include "client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"

enum {
	BACK_OFF_FIRST_MS = 20, /* at boot both programs start at once, and dhcpcd needs about 50 ms */
	BACK_OFF_MAX_MS = 1000,
	REPLAY_LIMIT_MS = 2000,
	READ_BYTES = 4096,
};

/* How long a state may last; 0: without limit. CLIENT_WAITING lasts back_off_ms. */
static const struct {
	const char *name;
	int64_t limit_ms;
} states[CLIENT_STATE_COUNT] = {
	[CLIENT_WAITING] = {"waiting", 0},
	[CLIENT_REPLAYING] = {"replaying", REPLAY_LIMIT_MS},
	[CLIENT_LISTENING] = {"listening", 0},
};

static void set_state(struct client *c, enum client_state state)
{
	int64_t limit_ms = state == CLIENT_WAITING ? c->back_off_ms : states[state].limit_ms;
	if (state != c->state)
		log_line(LOG_LEVEL_DEBUG, "dhcpcd: %s -> %s", states[c->state].name, states[state].name);
	c->state = state;
	if (limit_ms > 0)
		loop_arm(c->loop, &c->timer, now_ms() + limit_ms);
	else
		loop_disarm(c->loop, &c->timer);
}

static void close_fd(struct client *c, struct loop_fd *w)
{
	if (w->fd < 0)
		return;
	loop_remove(c->loop, w);
	close(w->fd);
	w->fd = -1;
}

/* WHY is NULL when dhcpcd is merely not there yet. */
static void lose(struct client *c, const char *why)
{
	if (why != NULL)
		log_warnx("dhcpcd: %s, connecting again", why);
	close_fd(c, &c->listener);
	close_fd(c, &c->replay);
	set_state(c, CLIENT_WAITING);
	c->back_off_ms = c->back_off_ms * 2 < BACK_OFF_MAX_MS ? c->back_off_ms * 2 : BACK_OFF_MAX_MS;
}

static int connect_and_send(const char *path, const char *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t request_bytes = strlen(request) + 1, path_length = strlen(path);
	int fd;

	if (path_length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, path_length + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		send(fd, request, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* The listener is connected first and read last: what happens during the replay waits in it, and is newer
 * than the replay. */
static void try_connect(struct client *c)
{
	c->listener.fd = connect_and_send(c->path, "--listen");
	if (c->listener.fd >= 0)
		c->replay.fd = connect_and_send(c->path, "--getinterfaces");
	if (c->listener.fd < 0 || c->replay.fd < 0) {
		lose(c, errno == ENOENT || errno == ECONNREFUSED ? NULL : strerror(errno));
		return;
	}
	event_stream_start(&c->stream);
	c->replay_left = SIZE_MAX;
	if (loop_add(c->loop, &c->replay, EPOLLIN) < 0)
		lose(c, strerror(errno));
	else
		set_state(c, CLIENT_REPLAYING);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct client *c = container_of(timer, struct client, timer);
	(void)loop;
	if (c->state == CLIENT_REPLAYING)
		lose(c, "does not tell its state");
	else
		try_connect(c);
}

static void start_listening(struct client *c)
{
	close_fd(c, &c->replay);
	event_stream_start(&c->stream);
	c->back_off_ms = BACK_OFF_FIRST_MS;
	if (loop_add(c->loop, &c->listener, EPOLLIN) < 0)
		lose(c, strerror(errno));
	else
		set_state(c, CLIENT_LISTENING);
}

/* Hands out the events in what was read. False when the connection was given up. */
static bool take_events(struct client *c, const uint8_t *bytes, size_t length)
{
	enum event_result result = EVENT_READY;
	struct event e;

	if (c->state == CLIENT_REPLAYING && c->replay_left == SIZE_MAX)
		result = event_stream_push_count(&c->stream, &bytes, &length, &c->replay_left);
	while (result == EVENT_READY && (c->state == CLIENT_LISTENING || c->replay_left > 0)) {
		result = event_stream_push(&c->stream, &bytes, &length, &e);
		if (result != EVENT_READY)
			break;
		if (e.cut)
			log_warnx("dhcpcd: an event of more than %d bytes was cut", EVENT_BYTES_MAX);
		if (!c->handle_event(c, &e)) {
			lose(c, "tells of a NIC that cannot be looked at now");
			return false;
		}
		if (c->state == CLIENT_REPLAYING)
			c->replay_left--;
	}
	if (result != EVENT_LOST)
		return true;
	lose(c, "talks in an unknown way");
	return false;
}

static void handle_readable(struct client *c, int fd)
{
	uint8_t bytes[READ_BYTES];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		lose(c, got < 0 ? strerror(errno) : "ended");
		return;
	}
	if (!take_events(c, bytes, (size_t)got))
		return;
	if (c->state == CLIENT_REPLAYING && c->replay_left == 0)
		start_listening(c);
	c->handle_batch_end(c);
}

static void handle_listener(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)loop, (void)events;
	handle_readable(container_of(w, struct client, listener), w->fd);
}

static void handle_replay(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)loop, (void)events;
	handle_readable(container_of(w, struct client, replay), w->fd);
}

void client_start(struct client *c, struct loop *loop)
{
	c->loop = loop;
	c->listener = (struct loop_fd){.fd = -1, .handle = handle_listener};
	c->replay = (struct loop_fd){.fd = -1, .handle = handle_replay};
	c->timer = (struct loop_timer){.handle = handle_timer};
	c->back_off_ms = BACK_OFF_FIRST_MS;
	c->state = CLIENT_WAITING;
	try_connect(c);
}
