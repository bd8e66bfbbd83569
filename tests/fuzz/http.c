/* Whatever bytes come as a request, in whatever pieces, one answer of the right form goes back, or none, and
 * the connection ends. */
#include "web/server.h"

#include <errno.h>
#include <unistd.h>

#include "fuzz.h"

enum { TURNS_MAX = 100, BODY_BYTES = 3000 };

static struct loop loop;
static struct server server;
static bool asked;

static bool write_view(struct server *s, struct answer *a, const char *path, const char *host)
{
	(void)s, (void)host;
	asked = true;
	if (strcmp(path, "/") != 0)
		return false;
	answer_begin(a, 200, "text/plain; charset=utf-8");
	text_add(&a->body, "%*s", BODY_BYTES, "");
	return true;
}

static void start(void)
{
	static bool started;
	if (started)
		return;
	started = true;
	must(loop_init(&loop) == 0 && server_init(&server, &loop, write_view) == 0);
}

/* Libmicrohttpd does not always see at once that a client is gone in the middle of a request. */
static void let_time_pass(void)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (server.connection[i].server != NULL)
			loop_arm(&loop, &server.connection[i].deadline, now_ms());
}

/* What came back until the server closed. */
static size_t read_answer(int fd, char *bytes, size_t size)
{
	size_t used = 0;
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (turn == TURNS_MAX / 2)
			let_time_pass();
		must(loop_once(&loop, 0) == 0);
		ssize_t got = recv(fd, bytes + used, size - used, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return used;
		used += got > 0 ? (size_t)got : 0;
		must(used < size);
	}
	must(!"the connection ends");
	return 0;
}

/* One answer and nothing behind it. */
static void judge(const char *answer, size_t length, bool get)
{
	static const char lead[] = "HTTP/1.";
	if (length == 0)
		return;
	must(length > 16 && memcmp(answer, lead, sizeof(lead) - 1) == 0);
	int status = atoi(answer + 9);
	must(status == 200 || status == 404 || status == 405 || (!asked && status >= 400 && status <= 505));
	const char *end = strstr(answer, "\r\n\r\n"), *field = strstr(answer, "Content-Length: ");
	must(end != NULL && field != NULL && field < end);
	size_t body = (size_t)atoi(field + 16), there = length - (size_t)(end + 4 - answer);
	must(there == body || there == 0);
	must(status != 200 || !get || there == BODY_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answer[ANSWER_BYTES_MAX];
	struct sockaddr_in client = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int pair[2];
	size_t piece = 1 + (size_t)take_byte(&data, &size) * 32;
	start();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	asked = false;
	server_accept(&server, pair[1], (const struct sockaddr *)&client, sizeof(client), false);
	bool get = size >= 4 && memcmp(data, "GET ", 4) == 0;
	for (size_t at = 0; at < size; at += piece) {
		size_t bytes = size - at < piece ? size - at : piece;
		if (send(pair[0], data + at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		must(loop_once(&loop, 0) == 0);
	}
	shutdown(pair[0], SHUT_WR);
	size_t length = read_answer(pair[0], answer, sizeof(answer) - 1);
	answer[length] = '\0';
	judge(answer, length, get);
	close(pair[0]);
	for (int turn = 0; turn < TURNS_MAX && server.counts.connections > 0; turn++)
		must(loop_once(&loop, 0) == 0);
	must(server.counts.connections == 0 && server.copies_bytes == 0);
	return 0;
}
