#include "server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/log.h"
#include "common/net_text.h"

/* The bytes of an answer while they are sent. */
struct copy {
	struct server *server;
	size_t bytes;
	char data[];
};

static void reset_on_close(int fd)
{
	struct linger at_once = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void server_refuse(struct server *s, int fd, enum web_refusal reason)
{
	s->counts.refused[reason]++;
	reset_on_close(fd);
	close(fd);
}

static void free_connection(struct connection *c)
{
	loop_disarm(c->server->loop, &c->deadline);
	c->server->counts.connections--;
	c->server = NULL;
}

/* Ends it by RST: at once, or when libmicrohttpd, whose socket it is, sees its end. */
static void give_up(struct connection *c, enum web_refusal reason)
{
	if (c->given_up)
		return;
	c->given_up = true;
	c->server->counts.refused[reason]++;
	if (c->rest.fd < 0) {
		reset_on_close(c->fd);
		shutdown(c->fd, SHUT_RDWR);
		return;
	}
	reset_on_close(c->rest.fd);
	loop_close(c->server->loop, &c->rest);
	free_connection(c);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	give_up(container_of(timer, struct connection, deadline), WEB_TOO_SLOW);
}

/* The rest of the client's data is discarded. A close() before it is read would send an RST, which may
 * overtake the answer. */
static void handle_rest(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct connection *c = container_of(w, struct connection, rest);
	char bytes[2048];
	ssize_t got = recv(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if ((got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) &&
		(events & (EPOLLERR | EPOLLHUP)) == 0)
		return;
	loop_close(loop, w);
	free_connection(c);
}

/* Libmicrohttpd is about to close the socket: it stays open, as ours, until the client has all of the answer.
 * So a client that does not read keeps one of its places, and holds no kernel memory that is not counted. */
static void begin_rest(struct connection *c)
{
	c->rest.fd = c->answered && !c->given_up ? dup(c->fd) : -1;
	if (c->rest.fd < 0) {
		free_connection(c);
	} else if (loop_add(c->server->loop, &c->rest, EPOLLIN | EPOLLRDHUP) < 0) {
		close(c->rest.fd);
		free_connection(c);
	}
}

static void handle_connection(void *data, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct server *s = data;
	(void)connection;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = s->accepting;
		s->accepting = NULL;
	} else if (*context != NULL) {
		begin_rest(*context);
		*context = NULL;
	}
}

static void free_copy(void *pointer)
{
	struct copy *copy = pointer;
	copy->server->copies_bytes -= sizeof(*copy) + copy->bytes;
	free(copy);
}

/* The connection whose answer is on its way for the longest time; NULL: none is. */
static struct connection *slowest(struct server *s)
{
	struct connection *slow = NULL;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &s->connection[i];
		if (c->server == NULL || !c->answered || c->given_up || c->rest.fd >= 0)
			continue;
		if (slow == NULL || c->answered_ms < slow->answered_ms)
			slow = c;
	}
	return slow;
}

/* NULL: there is no memory for it now. */
static struct MHD_Response *copy_answer(struct server *s, const struct answer *a)
{
	size_t bytes = sizeof(struct copy) + a->body.used;
	struct copy *copy = s->copies_bytes + bytes <= COPIES_BYTES_MAX ? malloc(bytes) : NULL;
	if (copy == NULL) {
		struct connection *c = slowest(s);
		if (c != NULL)
			give_up(c, WEB_TOO_SLOW);
		return NULL;
	}
	*copy = (struct copy){.server = s, .bytes = a->body.used};
	memcpy(copy->data, a->data, a->body.used);
	s->copies_bytes += bytes;
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		a->body.used, copy->data, free_copy, copy);
	if (response == NULL)
		free_copy(copy);
	return response;
}

static void add_headers(struct MHD_Response *response, const struct answer *a)
{
	static const char *const headers[][2] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	MHD_add_response_header(response, "Content-Type", a->type);
	if (a->policy != NULL)
		MHD_add_response_header(response, "Content-Security-Policy", a->policy);
	if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (a->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
}

static void write_refusal(struct answer *a, unsigned status, const char *words)
{
	answer_begin(a, status, "text/plain; charset=utf-8");
	text_add(&a->body, "%s\n", words);
}

/* The path in a request's target: "/metrics", or as proxies are asked "http://host/metrics" (RFC 9112 3.2.2).
 */
static const char *path_of(const char *target)
{
	static const char scheme[] = "http://";
	if (strncasecmp(target, scheme, sizeof(scheme) - 1) != 0)
		return target;
	const char *slash = strchr(target + sizeof(scheme) - 1, '/');
	return slash != NULL ? slash : "/";
}

static void write_answer(struct server *s, const char *path, const char *method, const char *host)
{
	struct answer *a = &s->answer;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		write_refusal(a, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only");
	else if (!s->write(s, a, path, host))
		write_refusal(a, MHD_HTTP_NOT_FOUND, "there is no such page");
	else if (a->body.overflow)
		write_refusal(
			a, MHD_HTTP_INTERNAL_SERVER_ERROR, "there is more to tell than an answer may hold");
}

static struct MHD_Response *make_response(struct server *s)
{
	struct answer *a = &s->answer;
	struct MHD_Response *response = copy_answer(s, a);
	if (response == NULL) {
		write_refusal(a, MHD_HTTP_SERVICE_UNAVAILABLE, "busy");
		response = MHD_create_response_from_buffer_copy(a->body.used, a->data);
	}
	if (response != NULL)
		add_headers(response, a);
	return response;
}

/* Called once the head of a request is complete. The body is not needed; an answer before it ends the
 * connection. */
static enum MHD_Result handle_request(void *data, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_bytes, void **context)
{
	struct server *s = data;
	struct connection *c =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	size_t head_bytes =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
	(void)version, (void)upload, (void)upload_bytes, (void)context;
	if (head_bytes > REQUEST_BYTES_MAX)
		write_refusal(&s->answer, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "4 KB at most");
	else
		write_answer(s, path_of(url), method,
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST));
	struct MHD_Response *response = make_response(s);
	if (response == NULL)
		return MHD_NO;
	enum MHD_Result result = MHD_queue_response(connection, s->answer.status, response);
	MHD_destroy_response(response);
	s->counts.requests++;
	c->answered = true;
	c->answered_ms = now_ms();
	loop_arm(s->loop, &c->deadline, c->answered_ms + ANSWER_MS);
	return result;
}

/* Lets libmicrohttpd work; it may want another turn without an event. */
static void run(struct server *s)
{
	uint64_t timeout_ms;
	MHD_run(s->daemon);
	if (MHD_get_timeout64(s->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0)
		loop_defer(s->loop, &s->turn);
}

static void handle_epoll(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)loop, (void)events;
	run(container_of(w, struct server, epoll));
}

static void handle_turn(struct loop *loop, struct loop_turn *turn)
{
	(void)loop;
	run(container_of(turn, struct server, turn));
}

int server_init(struct server *s, struct loop *loop,
	bool (*write)(struct server *s, struct answer *a, const char *path, const char *host))
{
	*s = (struct server){.loop = loop, .write = write, .turn.handle = handle_turn};
	/* The deadline of a request is ours: libmicrohttpd's timeout restarts with each byte. A date would be
	 * wrong until the clock is set. Discipline 1 follows RFC 9112 to the letter; the default redirects a
	 * request whose target has spaces. */
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
					     MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_NO_THREAD_SAFETY,
		0, NULL, NULL, handle_request, s, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(REQUEST_BYTES_MAX + HEAD_BYTES_MAX),
		MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
		MHD_OPTION_NOTIFY_CONNECTION, handle_connection, s, MHD_OPTION_END);
	const union MHD_DaemonInfo *info =
		s->daemon != NULL ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info == NULL)
		return -1;
	s->epoll = (struct loop_fd){.fd = info->epoll_fd, .handle = handle_epoll};
	return loop_add(loop, &s->epoll, EPOLLIN);
}

static bool is_older(const struct connection *a, const struct connection *b)
{
	return b == NULL || a->accepted_ms < b->accepted_ms;
}

/* Who is there, as a newcomer finds it. */
struct places {
	struct connection *free;
	unsigned of_client;         /* connections of the newcomer's client; who is named counts by himself */
	struct connection *waiting; /* its oldest without a whole request */
	struct connection *oldest;  /* of all that may give way */
};

/* Only age counts between clients: a silent connection, one that does not read and one that does not close
 * can all be held on purpose, and a new one is younger than all of them. */
static void count_places(struct server *s, const struct in6_addr *client, bool named, struct places *places)
{
	struct connection *oldest_named = NULL;
	*places = (struct places){0};
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &s->connection[i];
		if (c->server == NULL) {
			places->free = c;
			continue;
		}
		struct connection **of_its_kind = c->named ? &oldest_named : &places->oldest;
		bool own = c->named == named && memcmp(&c->client, client, sizeof(*client)) == 0;
		places->of_client += own;
		if (c->given_up)
			continue;
		if (own && !c->answered && is_older(c, places->waiting))
			places->waiting = c;
		if (is_older(c, *of_its_kind))
			*of_its_kind = c;
	}
	if (places->oldest == NULL && named)
		places->oldest = oldest_named;
}

/* A place for a connection of CLIENT. NULL: *LIMIT is in the way, and nobody gives way. */
static struct connection *find_place(
	struct server *s, const struct in6_addr *client, bool named, enum web_refusal *limit)
{
	struct places places;
	count_places(s, client, named, &places);
	bool client_full = places.of_client >= CONNECTIONS_PER_CLIENT_MAX;
	if (!client_full && places.free != NULL)
		return places.free;
	*limit = client_full ? WEB_CLIENT_FULL : WEB_FULL;
	struct connection *gives_way = client_full ? places.waiting : places.oldest;
	if (gives_way == NULL)
		return NULL;
	give_up(gives_way, WEB_GAVE_WAY);
	run(s); /* libmicrohttpd lets it go */
	count_places(s, client, named, &places);
	return places.of_client < CONNECTIONS_PER_CLIENT_MAX ? places.free : NULL;
}

void server_accept(struct server *s, int fd, const struct sockaddr *address, socklen_t bytes, bool named)
{
	struct in6_addr client = {0};
	enum web_refusal limit;
	address_of(&client, address);
	client = client_network(&client);
	struct connection *c = find_place(s, &client, named, &limit);
	if (c == NULL) {
		server_refuse(s, fd, limit);
		return;
	}
	*c = (struct connection){.server = s,
		.client = client,
		.named = named,
		.accepted_ms = now_ms(),
		.fd = fd,
		.rest = {.fd = -1, .handle = handle_rest},
		.deadline.handle = handle_deadline};
	s->counts.connections++;
	loop_arm(s->loop, &c->deadline, now_ms() + REQUEST_MS);
	s->accepting = c;
	/* It closes the socket when it cannot take it. */
	if (MHD_add_connection(s->daemon, fd, address, bytes) != MHD_YES) {
		log_warn("a client could not be taken");
		if (s->accepting == c)
			free_connection(c);
		s->accepting = NULL;
	}
	run(s);
}

void server_free(struct server *s)
{
	loop_withdraw(s->loop, &s->turn);
	loop_remove(s->loop, &s->epoll);
	MHD_stop_daemon(s->daemon);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &s->connection[i];
		if (c->server == NULL)
			continue;
		loop_close(s->loop, &c->rest);
		free_connection(c);
	}
}
