/* The sender asks for the collector's name, sends each line once, and follows a name whose address changes
 * without a word. Sockets are real, on loopback; names and time are the test's. */
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "sender.h"

static struct loop loop;
static struct ring ring;
static struct sender s;
static int receivers[2];
static union peer peers[2];
static unsigned starts;
static bool cannot_start;

int __wrap_lookup_start(struct lookup *l, const char *host, uint16_t port);
void __wrap_lookup_stop(struct lookup *l);

int __wrap_lookup_start(struct lookup *l, const char *host, uint16_t port)
{
	assert_int_equal(l->child.pid, 0);
	assert_string_equal(host, "log.example");
	assert_int_equal(port, 601);
	if (cannot_start) {
		errno = EAGAIN;
		return -1;
	}
	starts++;
	l->child.pid = 1;
	return 0;
}

void __wrap_lookup_stop(struct lookup *l)
{
	l->child.pid = 0;
}

static void handle_changed(struct sender *changed)
{
	assert_ptr_equal(changed, &s);
}

static int open_receiver(union peer *peer)
{
	socklen_t length = sizeof(peer->ipv4);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	*peer = (union peer){.ipv4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
	assert_int_equal(bind(fd, &peer->any, length), 0);
	assert_int_equal(getsockname(fd, &peer->any, &length), 0);
	return fd;
}

static int setup(void **state)
{
	static struct record_view none;
	struct wanted w;
	(void)state;
	memset(&ring, 0, sizeof(ring));
	starts = 0;
	cannot_start = false;
	for (int i = 0; i < 2; i++)
		receivers[i] = open_receiver(&peers[i]);
	assert_int_equal(loop_init(&loop), 0);
	sender_init(&s, &loop, &ring, handle_changed);
	wanted_read(&w, "udp://log.example:601", &none);
	sender_set(&s, &w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sender_free(&s);
	loop_free(&loop);
	for (int i = 0; i < 2; i++)
		close(receivers[i]);
	return 0;
}

static void answer(int error, const union peer *peer)
{
	struct lookup_answer a = {.error = error, .count = peer != NULL};
	assert_int_equal(s.lookup.child.pid, 1);
	s.lookup.child.pid = 0;
	if (peer != NULL)
		a.list[0] = *peer;
	s.lookup.answered(&s.lookup, &a);
}

static void run_out(struct loop_timer *timer)
{
	assert_non_null(timer->previous);
	loop_disarm(&loop, timer);
	timer->handle(&loop, timer);
}

/* Until nothing is left to be done at once. */
static void turn(void)
{
	for (int i = 0; i < 50; i++) {
		assert_int_equal(loop_once(&loop, 0), 0);
		if (s.pace.previous != NULL)
			run_out(&s.pace);
	}
}

static void say(const char *text)
{
	ring_add(&ring, 1, 6, "relay", text, strlen(text));
	sender_wake(&s);
}

/* What RECEIVER got since the last call: the texts, a blank behind each. */
static const char *got(int receiver)
{
	static char all[4096];
	char bytes[MESSAGE_BYTES_MAX];
	size_t used = 0;
	ssize_t length;
	while ((length = recv(receivers[receiver], bytes, sizeof(bytes) - 1, 0)) >= 0) {
		bytes[length] = '\0';
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s ", strrchr(bytes, ']') + 2);
	}
	all[used] = '\0';
	return all;
}

static void start_sending(void)
{
	answer(0, &peers[0]);
	assert_int_equal(s.state, SENDER_CONNECTING);
	turn();
	run_out(&s.timer);
	assert_int_equal(s.state, SENDER_SENDING);
	turn();
}

static void first_datagram_goes_alone(void **state)
{
	(void)state;
	say("a");
	say("b");
	say("c");
	assert_int_equal(s.state, SENDER_WAITING);
	answer(EAI_AGAIN, NULL);
	assert_int_equal(s.state, SENDER_WAITING);
	assert_non_null(strstr(s.error, "its name: "));
	run_out(&s.timer);
	assert_int_equal(starts, 2);
	answer(0, &peers[0]);
	assert_int_equal(s.state, SENDER_CONNECTING);
	turn();
	assert_string_equal(got(0), "a ");
	assert_int_equal(sender_sent(&s), 0); /* it may be refused */
	run_out(&s.timer);
	turn();
	assert_string_equal(got(0), "b c ");
	assert_int_equal(sender_sent(&s), 3);
	assert_int_equal(sender_queued(&s), 0);
}

/* The time for it begins when it is sent, and a refusal counts even if the time is looked at first. */
static void first_datagram_is_refused(void **state)
{
	(void)state;
	close(receivers[0]);
	receivers[0] = -1;
	answer(0, &peers[0]);
	turn();
	loop_arm(&loop, &s.timer, now_ms() + 10000);
	say("a");
	assert_int_equal(loop_once(&loop, 0), 0);
	assert_int_equal(s.transport.count, 1);
	assert_in_range(s.timer.deadline_ms, 1, now_ms() + 1000);
	run_out(&s.timer);
	assert_int_equal(s.state, SENDER_FAILED);
	assert_string_equal(s.error, "Connection refused");
	assert_int_equal(sender_sent(&s), 0);
	assert_int_equal(sender_queued(&s), 1);
}

static void name_is_looked_up_again(void **state)
{
	(void)state;
	start_sending();
	say("a");
	turn();
	assert_string_equal(got(0), "a ");
	/* It cannot be asked, there is no answer, or the same: nothing changes, lines go on meanwhile. */
	cannot_start = true;
	run_out(&s.renew);
	cannot_start = false;
	run_out(&s.renew);
	assert_int_equal(starts, 2);
	say("b");
	turn();
	assert_string_equal(got(0), "b ");
	answer(EAI_AGAIN, NULL);
	assert_int_equal(s.state, SENDER_SENDING);
	run_out(&s.renew);
	answer(0, &peers[0]);
	assert_int_equal(s.state, SENDER_SENDING);
	/* Another address: from the next line on. */
	run_out(&s.renew);
	answer(0, &peers[1]);
	assert_int_equal(s.state, SENDER_CONNECTING);
	say("c");
	turn();
	run_out(&s.timer);
	say("d");
	turn();
	assert_string_equal(got(0), "");
	assert_string_equal(got(1), "c d ");
	assert_non_null(s.renew.previous);
}

static void failure_ends_a_look_up(void **state)
{
	(void)state;
	start_sending();
	run_out(&s.renew);
	close(receivers[0]);
	say("lost");
	assert_int_equal(loop_once(&loop, 0), 0);
	assert_int_equal(sender_sent(&s), 1);
	turn(); /* it was refused */
	assert_int_equal(s.state, SENDER_FAILED);
	assert_int_equal(sender_sent(&s), 1);
	assert_int_equal(s.lookup.child.pid, 0);
	assert_null(s.renew.previous);
	assert_int_equal(sender_queued(&s), 1);
	run_out(&s.timer);
	receivers[0] = -1;
	answer(0, &peers[1]);
	turn();
	assert_string_equal(got(1), "lost ");
	run_out(&s.timer);
	assert_int_equal(sender_sent(&s), 1);
}

static void what_the_ring_gave_up_is_counted(void **state)
{
	char text[200];
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 1000; i++)
		say(text);
	assert_int_equal(s.lost, ring.first.lines);
	assert_true(s.lost > 600);
	assert_int_equal(s.lost + sender_queued(&s), 1000);
	start_sending();
	assert_int_equal(s.sent, 1000 - s.lost);
	assert_int_equal(s.lost_told, s.lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_datagram_goes_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(first_datagram_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(name_is_looked_up_again, setup, teardown),
		cmocka_unit_test_setup_teardown(failure_ends_a_look_up, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_ring_gave_up_is_counted, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
