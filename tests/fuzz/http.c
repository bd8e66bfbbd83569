/* Whatever clients do to the page's port, each of them gets one whole answer, or none; an honest one is heard
 * at any time; and when all are gone, no memory and no descriptor is held.
 *
 * An input is a story of steps: a kind, a connection, a length of two bytes (little-endian), and as many
 * bytes. The clock stands still between steps. */
#include "web/server.h"

#include <errno.h>
#include <poll.h>
#include <sanitizer/allocator_interface.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum {
	STEPS_MAX = 64,
	CONNECTIONS = 45, /* more than there are places, each client with one more than it may have */
	OF_A_CLIENT = CONNECTIONS_PER_CLIENT_MAX + 1,
	HONEST = CONNECTIONS,
	TURNS_MAX = 20000,
	SENT_BYTES_MAX = 65536, /* by one connection */
	BODY_BYTES = 3000,
	READ_BYTES = 64,
	TIME_MS = 50,
	/* Libmicrohttpd's own for a connection, beside the memory of its request. */
	CONNECTION_BYTES_MAX = 4096,
};

/* Kinds of steps. */
enum {
	SEND,
	PIECES, /* the first byte is their size */
	REPEAT, /* the first byte says how often */
	CROWD,  /* the first byte says how many connections, from this one on, send the rest */
	READ,   /* the first byte says how much */
	SHUT,
	HANG_UP,
	TIME, /* the first byte says how much */
	HONEST_CLIENT,
	KINDS
};

struct client {
	int fd;        /* -1: none */
	char start[8]; /* what it sent first */
	size_t sent_bytes, used;
	bool ended; /* by the server */
	char answer[ANSWER_BYTES_MAX + HEAD_BYTES_MAX + 2];
};

static struct loop loop;
static struct server server;
static struct client client[CONNECTIONS + 1];
static int64_t clock_ms;
static unsigned asked, cut; /* answers that were written, and those of which a part came */
static bool seen[STEPS_MAX * CONNECTIONS + STEPS_MAX + 1];
static size_t memory_bytes;

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, t);
	*t = (struct timespec){(time_t)(clock_ms / 1000), (long)(clock_ms % 1000) * 1000000};
	return 0;
}

/* Each body has a number of its own, in every line. */
static bool write_view(struct server *s, struct answer *a, const char *path, const char *host)
{
	bool large = strcmp(path, "/log") == 0, too_large = strcmp(path, "/metrics") == 0;
	(void)s, (void)host;
	if (!large && !too_large && strcmp(path, "/") != 0)
		return false;
	answer_begin(a, 200, "text/plain; charset=utf-8");
	asked++;
	must(asked < sizeof(seen) / sizeof(seen[0]));
	size_t bytes = large ? ANSWER_BYTES_MAX - 8 : BODY_BYTES;
	while (too_large ? !a->body.overflow : a->body.used + 8 <= bytes)
		text_add(&a->body, "%07u\n", asked);
	return true;
}

static size_t descriptors(void)
{
	int next = dup(STDERR_FILENO);
	must(next >= 0 && close(next) == 0);
	return (size_t)next;
}

static void start(void)
{
	static bool started;
	if (started)
		return;
	started = true;
	clock_ms = 1000000;
	for (size_t i = 0; i <= CONNECTIONS; i++)
		client[i].fd = -1;
	must(loop_init(&loop) == 0 && server_init(&server, &loop, write_view) == 0);
}

/* The limits that docs/monitoring.md promises. */
static void judge_limits(void)
{
	unsigned held = 0;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		const struct connection *c = &server.connection[i];
		unsigned of_client = 0;
		if (c->server == NULL)
			continue;
		held++;
		for (size_t j = 0; j < CONNECTIONS_MAX; j++) {
			const struct connection *d = &server.connection[j];
			of_client += d->server != NULL && d->named == c->named &&
				     memcmp(&d->client, &c->client, sizeof(d->client)) == 0;
		}
		must(of_client <= CONNECTIONS_PER_CLIENT_MAX);
		/* Time for a request counts from the connection on, for an answer from the request. */
		int64_t until_ms = c->answered ? c->answered_ms + ANSWER_MS : c->accepted_ms + REQUEST_MS;
		must(c->given_up || (c->deadline.previous != NULL && c->deadline.deadline_ms == until_ms));
	}
	must(held == server.counts.connections);
	must(server.copies_bytes <= COPIES_BYTES_MAX);
	must(__sanitizer_get_current_allocated_bytes() - memory_bytes <=
		COPIES_BYTES_MAX +
			held * (REQUEST_BYTES_MAX + HEAD_BYTES_MAX + (size_t)CONNECTION_BYTES_MAX));
}

/* Until the server waits for a client or for time to pass. */
static void settle(void)
{
	struct pollfd events = {.fd = loop.epoll_fd, .events = POLLIN};
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		bool due = loop.timers != NULL && loop.timers->deadline_ms <= clock_ms;
		if (!due && loop.turns == NULL && poll(&events, 1, 0) == 0) {
			judge_limits();
			return;
		}
		must(loop_once(&loop, 0) == 0);
	}
	must(!"the server comes to rest");
}

static void let_time_pass(int64_t ms)
{
	clock_ms += ms;
	settle();
}

/* The client of a connection: a name in status-allow, two without, an IPv6 /64 and a name in it. */
static bool address_of_client(size_t number, struct sockaddr_storage *to)
{
	uint8_t who = (uint8_t)(number / OF_A_CLIENT), host = (uint8_t)(number % OF_A_CLIENT);
	*to = (struct sockaddr_storage){0};
	if (who >= 3 && who < 5) {
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		in6.sin6_addr =
			(struct in6_addr){.s6_addr = {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)(host + 1)}};
		memcpy(to, &in6, sizeof(in6));
	} else {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201 + who)}};
		memcpy(to, &in, sizeof(in));
	}
	return who == 0 || who == 4 || number == HONEST;
}

static void connect_client(size_t number)
{
	struct client *c = &client[number];
	struct sockaddr_storage address;
	int pair[2], send_bytes = SEND_BUFFER_BYTES;
	if (c->fd >= 0)
		return;
	bool named = address_of_client(number, &address);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
	c->fd = pair[0];
	c->sent_bytes = c->used = 0;
	c->ended = false;
	memset(c->start, 0, sizeof(c->start));
	server_accept(&server, pair[1], (const struct sockaddr *)&address,
		address.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
		named);
}

static void send_bytes(size_t number, const uint8_t *bytes, size_t length)
{
	struct client *c = &client[number];
	connect_client(number);
	if (length > SENT_BYTES_MAX - c->sent_bytes)
		length = SENT_BYTES_MAX - c->sent_bytes;
	for (size_t i = 0; i < length && c->sent_bytes + i < sizeof(c->start) - 1; i++)
		c->start[c->sent_bytes + i] = (char)bytes[i];
	c->sent_bytes += length;
	if (length > 0)
		send(c->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	settle();
}

/* Reads up to BYTES of what there is. False: there is nothing. */
static bool read_some(struct client *c, size_t bytes)
{
	if (c->fd < 0 || c->ended)
		return false;
	size_t room = sizeof(c->answer) - 1 - c->used;
	must(room > 0);
	ssize_t got = recv(c->fd, c->answer + c->used, bytes < room ? bytes : room, 0);
	c->ended = got == 0 || (got < 0 && errno == ECONNRESET);
	c->used += got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* The value of a field whose name is of those that an answer may have, each once. */
static const char *judge_fields(const char *at, const char *end, const char *wanted)
{
	static const char *const names[] = {"Connection", "Content-Length", "Content-Type", "Cache-Control",
		"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Allow",
		"Retry-After"};
	enum { NAMES = sizeof(names) / sizeof(names[0]) };
	bool had[NAMES] = {false};
	const char *value = NULL;
	for (; at < end; at = strstr(at, "\r\n") + 2) {
		size_t length = strcspn(at, ":\r\n"), i = 0;
		while (i < NAMES && (strlen(names[i]) != length || memcmp(names[i], at, length) != 0))
			i++;
		must(i < NAMES && !had[i] && at[length] == ':' && at[length + 1] == ' ');
		had[i] = true;
		must(at[strcspn(at, "\r\n")] == '\r' && strstr(at, "\r\n") <= end);
		if (strcmp(names[i], wanted) == 0)
			value = at + length + 2;
	}
	return value;
}

/* Ours: all lines have the number of one answer, and it went to nobody else. */
static void judge_body(const char *body, size_t bytes)
{
	unsigned number = (unsigned)atoi(body);
	if (bytes < 8)
		return;
	must(number >= 1 && number <= asked);
	for (size_t at = 8; at < bytes; at++)
		must(body[at] == body[at % 8]);
	must(!seen[number]);
	seen[number] = true;
}

/* One answer, whole unless the server gave the connection up, and nothing behind it. */
static void judge_answer(const struct client *c)
{
	static const int statuses[] = {200, 400, 404, 405, 411, 413, 414, 417, 431, 500, 501, 503, 505};
	if (c->used == 0)
		return;
	const char *end = strstr(c->answer, "\r\n\r\n");
	if (end == NULL) {
		must(strlen(c->answer) == c->used && c->used < HEAD_BYTES_MAX);
		cut++;
		return;
	}
	must(memcmp(c->answer, "HTTP/1.", 7) == 0 && c->answer[8] == ' ' && c->answer[12] == ' ');
	int status = atoi(c->answer + 9);
	bool known = false;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		known = known || status == statuses[i];
	must(known);
	const char *fields = strstr(c->answer, "\r\n") + 2;
	const char *length = judge_fields(fields, end + 2, "Content-Length");
	must(length != NULL);
	size_t body = (size_t)atoi(length), there = c->used - (size_t)(end + 4 - c->answer);
	bool head = strncmp(c->start, "HEAD ", 5) == 0, get = strncmp(c->start, "GET ", 4) == 0;
	bool empty = there == 0 && (head || !get);
	must(there <= body && (!head || status != 200 || there == 0));
	cut += there < body && !empty;
	if (status == 200) {
		must(body == BODY_BYTES / 8 * 8 || body == (ANSWER_BYTES_MAX - 8) / 8 * 8);
		judge_body(end + 4, there);
	}
	const char *ends = judge_fields(fields, end + 2, "Connection");
	must(ends != NULL && strncmp(ends, "close\r\n", 7) == 0);
}

static void hang_up(size_t number)
{
	struct client *c = &client[number];
	if (c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
	settle();
}

/* All that is there and comes. */
static void read_all(void)
{
	for (bool more = true; more;) {
		more = false;
		settle();
		for (size_t i = 0; i <= CONNECTIONS; i++)
			while (read_some(&client[i], sizeof(client[i].answer)))
				more = true;
	}
}

/* Who asks for the page gets it, whoever is there already. A moment of full memory is told. */
static void an_honest_client_is_heard(void)
{
	static const char ask[] = "GET / HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n";
	struct client *c = &client[HONEST];
	send_bytes(HONEST, (const uint8_t *)ask, sizeof(ask) - 1);
	while (read_some(c, sizeof(c->answer)))
		settle();
	c->answer[c->used] = '\0';
	must(c->used > 12);
	int status = atoi(c->answer + 9);
	must(status == 200 || status == 503);
	judge_answer(c);
	const char *end = strstr(c->answer, "\r\n\r\n");
	must(end != NULL && (status != 200 || strlen(end + 4) == BODY_BYTES / 8 * 8));
	hang_up(HONEST);
}

static void step(uint8_t kind, size_t number, const uint8_t *bytes, size_t length)
{
	struct client *c = &client[number];
	bool counted = kind == PIECES || kind == REPEAT || kind == CROWD || kind == READ || kind == TIME;
	size_t count = 1 + (size_t)(counted ? take_byte(&bytes, &length) : 0);
	clock_ms++;
	if (kind == SEND)
		send_bytes(number, bytes, length);
	for (size_t at = 0; kind == PIECES && at < length; at += count)
		send_bytes(number, bytes + at, length - at < count ? length - at : count);
	for (size_t i = 0; kind == REPEAT && i < count; i++)
		send_bytes(number, bytes, length);
	for (size_t i = 0; kind == CROWD && i < count && i < CONNECTIONS; i++)
		send_bytes((number + i) % CONNECTIONS, bytes, length);
	if (kind == READ && read_some(c, count * READ_BYTES))
		settle();
	if (kind == SHUT && c->fd >= 0) {
		shutdown(c->fd, SHUT_WR);
		settle();
	}
	if (kind == HANG_UP)
		hang_up(number);
	if (kind == TIME)
		let_time_pass((int64_t)count * TIME_MS);
	if (kind == HONEST_CLIENT)
		an_honest_client_is_heard();
}

static unsigned long long given_up(void)
{
	return server.counts.refused[WEB_TOO_SLOW] + server.counts.refused[WEB_GAVE_WAY];
}

/* All read what there is for them, and are ended when their time is over. */
static void what_is_left_ends(void)
{
	read_all();
	let_time_pass(REQUEST_MS);
	read_all();
	let_time_pass(ANSWER_MS);
	read_all();
	must(server.counts.connections == 0 && server.copies_bytes == 0);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct client *c = &client[i];
		if (c->fd < 0)
			continue;
		must(c->ended);
		c->answer[c->used] = '\0';
		judge_answer(c);
		hang_up(i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	memory_bytes = __sanitizer_get_current_allocated_bytes();
	size_t descriptors_before = descriptors();
	unsigned long long given_up_before = given_up();
	asked = cut = 0;
	memset(seen, 0, sizeof(seen));
	for (int steps = 0; size > 0 && steps < STEPS_MAX; steps++) {
		uint8_t kind = take_byte(&data, &size) % KINDS;
		size_t number = take_byte(&data, &size) % CONNECTIONS, length = take_byte(&data, &size);
		length |= (size_t)take_byte(&data, &size) << 8;
		length = length < size ? length : size;
		step(kind, number, data, length);
		data += length;
		size -= length;
	}
	an_honest_client_is_heard();
	what_is_left_ends();
	must(cut <= given_up() - given_up_before);
	must(__sanitizer_get_current_allocated_bytes() == memory_bytes);
	must(descriptors() == descriptors_before);
	return 0;
}
