/* Load for `make bench-relay`: the clients in front of a TCP relay and the host behind it, in one epoll loop,
 * so that one processor is enough for both.
 *
 *     relay-load MODE TARGET PORT HOST PORT NUMBER SECONDS
 *
 * connections  NUMBER clients at once; each asks once and is followed by the next
 * rate         NUMBER new clients a second, at random times that are the same in every run
 * bulk         NUMBER streams from the host to clients
 * idle         NUMBER connections that have asked once and stay until standard input ends
 *
 * A question and an answer are 250 bytes each; the client closes first. Every byte is counted; what does not
 * come as it should ends the run with status 1. Results go to standard output as lines key=value. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MESSAGE_BYTES = 250,
	CHUNK_BYTES = 256 * 1024,
	PEERS_MAX = 1 << 16,
	LATENCIES_MAX = 1 << 20,
	BATCH_MAX = 256,
	IDLE_AT_ONCE = 64, /* connections that are made at the same time */
	OVERTIME_S = 40,   /* to wait for what was begun, before all is given up */
};

/* One end of a connection; `bytes` of the message on its way are through. */
struct peer {
	int fd;
	unsigned bytes;
	int64_t start_ns;
	void (*handle)(struct peer *);
	struct peer *next; /* unused ones */
};

struct mode {
	const char *name;
	void (*start_due)(void);
	void (*answered)(struct peer *client);
	bool busy; /* polls without sleeping: its times must be exact */
};

static struct peer peers[PEERS_MAX], *unused;
static char message[MESSAGE_BYTES], chunk[CHUNK_BYTES];
static uint32_t latencies_us[LATENCIES_MAX];
static struct sockaddr_in target;
static const struct mode *mode;
static int epoll_fd;
static unsigned number, clients_open, hosts_open;
static uint64_t started, answered_count, bytes_sent, bytes_received;
static int64_t begin_ns, end_ns, now_ns, due_ns;

static void die(const char *what)
{
	fprintf(stderr,
		"relay-load: %s: %s; %llu started, %llu answered, %u clients and %u of the host open\n", what,
		strerror(errno), (unsigned long long)started, (unsigned long long)answered_count,
		clients_open, hosts_open);
	exit(1);
}

static int64_t clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct peer *open_peer(int fd, void (*handle)(struct peer *), uint32_t events)
{
	struct peer *p = unused;
	if (p == NULL)
		die("too many connections at once");
	unused = p->next;
	*p = (struct peer){.fd = fd, .handle = handle, .start_ns = now_ns};
	struct epoll_event event = {.events = events, .data.ptr = p};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
	return p;
}

static void close_peer(struct peer *p)
{
	close(p->fd);
	p->handle = NULL;
	p->next = unused;
	unused = p;
}

static void change(struct peer *p, void (*handle)(struct peer *), uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = p};
	p->handle = handle;
	p->bytes = 0;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &event) < 0)
		die("epoll_ctl");
}

/* Whether a whole message has come; what follows one is an error. */
static bool receive_message(struct peer *p)
{
	char buffer[MESSAGE_BYTES + 1];
	ssize_t n = recv(p->fd, buffer, sizeof(buffer) - p->bytes, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		die(n == 0 ? "a message was cut" : "recv");
	if (memcmp(buffer, message + p->bytes, (size_t)n) != 0)
		die("a message was changed");
	p->bytes += (unsigned)n;
	if (p->bytes > MESSAGE_BYTES)
		die("a message was too long");
	return p->bytes == MESSAGE_BYTES;
}

static void send_message(const struct peer *p)
{
	if (send(p->fd, message, MESSAGE_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL) != MESSAGE_BYTES)
		die("send");
}

/* Clients */

static void close_client(struct peer *p)
{
	close_peer(p);
	clients_open--;
}

static void handle_answer(struct peer *p)
{
	if (!receive_message(p))
		return;
	if (answered_count < LATENCIES_MAX)
		latencies_us[answered_count] = (uint32_t)((clock_ns() - p->start_ns) / 1000);
	answered_count++;
	mode->answered(p);
}

static void handle_stream(struct peer *p)
{
	ssize_t n = recv(p->fd, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_TRUNC); /* counted, not copied */
	if (n < 0 && errno != EAGAIN)
		die("recv");
	if (n > 0)
		bytes_received += (uint64_t)n;
	if (n == 0) {
		answered_count++;
		close_client(p);
	}
}

static void ask(struct peer *p)
{
	send_message(p);
	change(p, mode->answered == NULL ? handle_stream : handle_answer, EPOLLIN);
}

static void start_client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	started++;
	clients_open++;
	now_ns = clock_ns();
	if (connect(fd, (struct sockaddr *)&target, sizeof(target)) < 0 && errno != EINPROGRESS)
		die("connect");
	/* The far end of a veth has answered before connect() returns, most of the time. */
	if (send(fd, message, MESSAGE_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL) == MESSAGE_BYTES)
		open_peer(fd, mode->answered == NULL ? handle_stream : handle_answer, EPOLLIN);
	else if (errno == EAGAIN)
		open_peer(fd, ask, EPOLLOUT);
	else
		die("send");
}

/* The host */

static void handle_end(struct peer *p)
{
	char more;
	if (recv(p->fd, &more, 1, MSG_DONTWAIT) != 0)
		die("bytes or an error where the end of a stream should be");
	close_peer(p);
	hosts_open--;
}

static void handle_room(struct peer *p)
{
	if (now_ns >= end_ns) {
		shutdown(p->fd, SHUT_WR);
		change(p, handle_end, EPOLLIN);
		return;
	}
	ssize_t n = send(p->fd, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		die("send");
	bytes_sent += n > 0 ? (uint64_t)n : 0;
}

static void handle_question(struct peer *p)
{
	if (!receive_message(p))
		return;
	if (mode->answered == NULL) {
		change(p, handle_room, EPOLLOUT);
		return;
	}
	send_message(p);
	p->handle = handle_end;
}

static void handle_listener(struct peer *p)
{
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd < 0)
			die("accept4");
		hosts_open++;
		open_peer(fd, handle_question, EPOLLIN);
	}
}

/* Modes */

static bool over(void)
{
	return now_ns >= end_ns;
}

static void start_connections(void)
{
	while (!over() && clients_open < number)
		start_client();
}

/* Exponential gaps from a fixed seed: as clients come that know nothing of each other. */
static int64_t next_gap_ns(void)
{
	static uint64_t x = 88172645463325252U;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	double uniform = (double)((x >> 11) + 1) / 9007199254740993.0;
	return (int64_t)(-log(uniform) * 1e9 / number);
}

static void start_rate(void)
{
	for (; due_ns < end_ns && due_ns <= now_ns; due_ns += next_gap_ns())
		start_client();
}

static void start_bulk(void)
{
	while (started < number)
		start_client();
}

static void start_idle(void)
{
	while (started < number && started - answered_count < IDLE_AT_ONCE)
		start_client();
}

static void stay(struct peer *p)
{
	(void)p; /* until the end */
}

static const struct mode modes[] = {
	{"connections", start_connections, close_client, false},
	{"rate", start_rate, close_client, true},
	{"bulk", start_bulk, NULL, false},
	{"idle", start_idle, stay, false},
};

/* Standard input ends: everything else does too. */
static void hold_idle(void)
{
	char byte;
	printf("ready=%llu\n", (unsigned long long)answered_count);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (peers[i].handle == handle_answer)
			close_client(&peers[i]);
}

static bool finished(void)
{
	if (clients_open > 0 || hosts_open > 0)
		return mode->answered == stay && answered_count == number && clients_open == number;
	return started > 0 && (mode->answered == NULL || mode->answered == stay || over());
}

static void run(void)
{
	struct epoll_event events[BATCH_MAX];
	for (now_ns = clock_ns(); !finished(); now_ns = clock_ns()) {
		mode->start_due();
		int count = epoll_wait(epoll_fd, events, BATCH_MAX, mode->busy ? 0 : 10);
		if (count < 0)
			die("epoll_wait");
		for (int i = 0; i < count; i++) {
			struct peer *p = events[i].data.ptr;
			p->handle(p);
		}
	}
}

static void prepare(char **argv)
{
	struct rlimit files = {PEERS_MAX, PEERS_MAX};
	struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[5]))};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3]))};
	if (inet_pton(AF_INET, argv[2], &target.sin_addr) != 1 ||
		inet_pton(AF_INET, argv[4], &host.sin_addr) != 1)
		die("an address");
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (size_t i = 0; i < PEERS_MAX; i++)
		peers[i].next = i + 1 < PEERS_MAX ? &peers[i + 1] : NULL;
	unused = peers;
	for (size_t i = 0; i < MESSAGE_BYTES; i++)
		message[i] = (char)(i * 7 + 1);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&host, sizeof(host)) < 0 || listen(fd, 4096) < 0)
		die("cannot listen");
	open_peer(fd, handle_listener, EPOLLIN);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void print_results(void)
{
	size_t count = answered_count < LATENCIES_MAX ? answered_count : LATENCIES_MAX;
	printf("connections=%llu\nseconds=%.6f\n", (unsigned long long)answered_count,
		(double)(clock_ns() - begin_ns) / 1e9);
	if (bytes_sent != bytes_received || answered_count != started)
		die("bytes or connections were lost");
	if (mode->answered == NULL) {
		printf("bytes=%llu\n", (unsigned long long)bytes_received);
		return;
	}
	qsort(latencies_us, count, sizeof(latencies_us[0]), compare);
	if (count > 0)
		printf("p50_us=%u\np99_us=%u\nmax_us=%u\n", latencies_us[count / 2],
			latencies_us[count * 99 / 100], latencies_us[count - 1]);
}

int main(int argc, char **argv)
{
	double seconds = argc == 8 ? atof(argv[7]) : 0;
	for (size_t i = 0; argc == 8 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, argv[1]) == 0)
			mode = &modes[i];
	number = mode != NULL ? (unsigned)atoi(argv[6]) : 0;
	if (number == 0 || seconds <= 0 || seconds > 600) {
		fprintf(stderr, "usage: relay-load connections|rate|bulk|idle TARGET PORT HOST PORT NUMBER "
				"SECONDS\n");
		return 100;
	}
	alarm((unsigned)seconds + OVERTIME_S);
	prepare(argv);
	begin_ns = due_ns = clock_ns();
	end_ns = begin_ns + (int64_t)(seconds * 1e9);
	run();
	if (mode->answered == stay) {
		hold_idle();
		mode = &modes[0]; /* what is left is to see the host's ends close */
		end_ns = 0;
		run();
	}
	print_results();
	return 0;
}
