/* A flow passes all bytes and the end of stream on, by a pipe and without one, and stops where it must. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow.h"
#include "tcp.h"

/* sender --TCP--> from == flow == to --TCP--> receiver */
static int sender, receiver;
static struct side from, to;
static struct flow flow;
static struct pipe_pool pool;
static uint64_t bytes;
static unsigned char pattern[1 << 20], got[1 << 20];

static void make_tcp_pair(int *one, int *other)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	*one = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*one, (struct sockaddr *)&address, size), 0);
	*other = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(*other >= 0);
	close(listener);
}

/* Each test runs by splice, then by copy: a pool of no pipes. */
static void setup(bool by_copy)
{
	int to_fd;
	pipe_pool_init(&pool, by_copy ? 0 : 4);
	flow = (struct flow){0};
	bytes = 0;
	make_tcp_pair(&sender, &from.watch.fd);
	make_tcp_pair(&receiver, &to_fd);
	from = (struct side){.watch.fd = from.watch.fd, .readable = true, .writable = true};
	to = (struct side){.watch.fd = to_fd, .readable = true, .writable = true};
}

static void teardown(void)
{
	flow_free(&flow, &pool);
	pipe_pool_free(&pool);
	assert_int_equal(pool.count, 0);
	close(from.watch.fd);
	close(to.watch.fd);
	close(sender);
	close(receiver);
}

static enum flow_result run(void)
{
	return flow_run(&flow, &from, &to, &pool, &bytes);
}

static void receive(size_t at, size_t count)
{
	assert_int_equal(recv(receiver, got + at, count, MSG_WAITALL), count);
}

static void test_bytes_then_end(void **state)
{
	(void)state;
	for (int by_copy = 0; by_copy < 2; by_copy++) {
		setup(by_copy);
		assert_int_equal(send(sender, pattern, 1000, 0), 1000);
		assert_int_equal(run(), FLOW_WAITS);
		assert_int_equal(bytes, 1000);
		assert_false(from.readable);
		assert_true(to.writable);
		assert_null(flow.pipe);
		receive(0, 1000);
		assert_memory_equal(got, pattern, 1000);
		assert_int_equal(flow.state, FLOW_OPEN);

		shutdown(sender, SHUT_WR);
		from.readable = true;
		assert_int_equal(run(), FLOW_WAITS);
		assert_int_equal(flow.state, FLOW_ENDED);
		assert_int_equal(bytes, 1000);
		teardown();
	}
}

static void test_nothing_is_called_without_need(void **state)
{
	(void)state;
	for (int by_copy = 0; by_copy < 2; by_copy++) {
		setup(by_copy);
		assert_int_equal(send(sender, pattern, 10, 0), 10);
		from.readable = false;
		assert_int_equal(run(), FLOW_WAITS);
		assert_int_equal(bytes, 0);
		from.readable = true;
		to.writable = false;
		assert_int_equal(run(), FLOW_WAITS);
		assert_int_equal(bytes, 0);
		assert_null(flow.pipe);
		to.writable = true;
		assert_int_equal(run(), FLOW_WAITS);
		assert_int_equal(bytes, 10);
		teardown();
	}
}

/* The receiver does not read: the flow stops, then goes on where it was, with the end last. */
static void test_full_receiver(void **state)
{
	(void)state;
	for (int by_copy = 0; by_copy < 2; by_copy++) {
		int small = 32768;
		size_t sent = 0, at = 0;
		setup(by_copy);
		setsockopt(to.watch.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		fcntl(sender, F_SETFL, O_NONBLOCK);
		for (ssize_t n; sent < sizeof(pattern); sent += (size_t)n)
			if ((n = send(sender, pattern + sent, sizeof(pattern) - sent, 0)) < 0)
				break;
		shutdown(sender, SHUT_WR);
		for (int turn = 0; to.writable && turn < 1000; turn++) {
			from.readable = true;
			assert_int_not_equal(run(), FLOW_FAILED);
		}
		assert_false(to.writable);
		assert_true(bytes < sent);
		assert_int_equal(flow.pipe != NULL, !by_copy);
		assert_int_equal(flow.state, FLOW_OPEN);

		fcntl(receiver, F_SETFL, O_NONBLOCK);
		for (int idle = 0; idle < 1000 && flow.state == FLOW_OPEN;) {
			ssize_t n = recv(receiver, got + at, sizeof(got) - at, 0);
			at += n > 0 ? (size_t)n : 0;
			idle = n > 0 ? 0 : idle + 1;
			if (n < 0)
				usleep(1000);
			from.readable = to.writable = true;
			assert_int_not_equal(run(), FLOW_FAILED);
		}
		assert_int_equal(flow.state, FLOW_ENDED);
		assert_int_equal(bytes, sent);
		fcntl(receiver, F_SETFL, 0);
		receive(at, sent - at);
		assert_memory_equal(got, pattern, sent);
		teardown();
	}
}

static void test_a_large_burst_gives_others_a_turn(void **state)
{
	enum { TURNS_MAX = 100 };
	(void)state;
	setup(true);
	size_t sent = 0;
	fcntl(sender, F_SETFL, O_NONBLOCK);
	for (ssize_t n; sent < sizeof(pattern); sent += (size_t)n)
		if ((n = send(sender, pattern + sent, sizeof(pattern) - sent, 0)) < 0)
			break;
	assert_true(sent > 16 * 16384);
	assert_int_equal(run(), FLOW_AGAIN);
	assert_true(bytes < sent);
	assert_true(from.readable);
	teardown();
}

static void test_reset_by_the_sender(void **state)
{
	(void)state;
	for (int by_copy = 0; by_copy < 2; by_copy++) {
		setup(by_copy);
		tcp_set_reset_on_close(sender);
		close(sender);
		sender = -1;
		errno = 0;
		assert_int_equal(run(), FLOW_FAILED);
		assert_int_equal(errno, ECONNRESET);
		teardown();
	}
}

static void test_reset_by_the_receiver(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (int by_copy = 0; by_copy < 2; by_copy++) {
		setup(by_copy);
		tcp_set_reset_on_close(receiver);
		close(receiver);
		receiver = -1;
		assert_int_equal(send(sender, pattern, 10, 0), 10);
		assert_int_equal(run(), FLOW_FAILED);
		assert_int_equal(bytes, 0);
		teardown();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_then_end),
		cmocka_unit_test(test_nothing_is_called_without_need),
		cmocka_unit_test(test_full_receiver),
		cmocka_unit_test(test_a_large_burst_gives_others_a_turn),
		cmocka_unit_test(test_reset_by_the_sender),
		cmocka_unit_test(test_reset_by_the_receiver),
	};
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (unsigned char)(i * 2654435761u >> 13);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
