#include "control_server.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/record.h"
#include "common/vmware.h"
#include "programs.h"

/* Clients at once; each may stay IDLE_MS without a word. */
enum { CLIENTS_MAX = 4, IDLE_MS = 2000 };

struct client {
	struct loop_fd fd;
	struct loop_timer timer;
	const char *user; /* root, or of a program that may_control */
};

static struct client clients[CLIENTS_MAX];
static struct loop_fd listener;
static control_handler *handle_request;

static bool is_user(uid_t uid, const char *name)
{
	const struct passwd *user = getpwnam(name);
	return user != NULL && user->pw_uid == uid;
}

/* The name of the peer's user when it may ask, else NULL. Not getpwuid's, which the next call writes over. */
static const char *heard_user(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return NULL;
	if (peer.uid == 0)
		return "root";
	for (const struct program *p = programs; p < programs + program_count; p++)
		if (p->may_control && is_user(peer.uid, p->user))
			return p->user;
	return NULL;
}

static void end(struct loop *loop, struct client *client)
{
	loop_remove(loop, &client->fd);
	loop_disarm(loop, &client->timer);
	close(client->fd.fd);
	client->fd.fd = -1;
}

static void handle_idle(struct loop *loop, struct loop_timer *timer)
{
	end(loop, container_of(timer, struct client, timer));
}

/* Guestinfo may keep its reader waiting for seconds. Nothing else on VMware changes after the start either.
 */
static bool would_block(const char *request)
{
	return strcmp(request, CONTROL_READ_SETTINGS) == 0 && vmware_here();
}

static void handle_client(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct client *client = container_of(w, struct client, fd);
	char request[CONTROL_MESSAGE_MAX], answer[CONTROL_MESSAGE_MAX] = "";
	(void)events;
	/* MSG_TRUNC gives the packet's own length, so one that is too long is seen as such. */
	ssize_t length = recv(w->fd, request, sizeof(request) - 1, MSG_DONTWAIT | MSG_TRUNC);
	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0) {
		end(loop, client);
		return;
	}
	if ((size_t)length >= sizeof(request)) {
		snprintf(answer, sizeof(answer), "refused: at most %d bytes", CONTROL_MESSAGE_MAX - 1);
	} else {
		request[length] = '\0';
		if (would_block(request))
			snprintf(answer, sizeof(answer),
				"refused: VMware's settings are read at the start only");
		else
			handle_request(request, client->user, answer);
	}
	(void)!send(w->fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	end(loop, client);
}

/* Who may not ask gets no place: the few that there are belong to those who may. */
static void refuse(int fd)
{
	static const char answer[] = "refused: only root, console and agent may ask";
	(void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void handle_connection(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)events;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	const char *user = heard_user(fd);
	if (user == NULL) {
		refuse(fd);
		return;
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd.fd >= 0)
			continue;
		clients[i].fd.fd = fd;
		clients[i].user = user;
		if (loop_add(loop, &clients[i].fd, EPOLLIN) < 0) {
			end(loop, &clients[i]);
			return;
		}
		loop_arm(loop, &clients[i].timer, now_ms() + IDLE_MS);
		return;
	}
	close(fd);
}

int control_server_start(struct loop *loop, control_handler *handler)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct text path = TEXT(address.sun_path);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		clients[i] = (struct client){
			.fd = {.fd = -1, .handle = handle_client}, .timer.handle = handle_idle};
	handle_request = handler;
	text_add(&path, "%s/control", run_dir());
	if (path.overflow) {
		errno = ENAMETOOLONG;
		return -1;
	}
	listener.handle = handle_connection;
	listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd >= 0 && bind(listener.fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		chmod(address.sun_path, 0666) == 0 && listen(listener.fd, CLIENTS_MAX) == 0 &&
		loop_add(loop, &listener, EPOLLIN) == 0)
		return 0;
	int error = errno;
	loop_close(loop, &listener);
	unlink(address.sun_path);
	errno = error;
	return -1;
}
