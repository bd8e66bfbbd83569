/* The resolver answers from a child process that holds nothing of the relay's, and ends when told to. */
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver.h"

static struct loop loop;
static struct resolver resolver;
static struct resolver_answer answer;
static int answers;

static void handle_answer(struct resolver *r, const struct resolver_answer *a)
{
	assert_ptr_equal(r, &resolver);
	assert_int_equal(r->pid, 0);
	answer = *a;
	answers++;
}

static int set_up(void **state)
{
	(void)state;
	answers = 0;
	if (loop_init(&loop) < 0)
		return -1;
	resolver_init(&resolver, &loop, handle_answer);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	resolver_stop(&resolver);
	loop_free(&loop);
	return 0;
}

static void wait_for_answer(void)
{
	int64_t end = now_ms() + 20000;
	while (answers == 0 && now_ms() < end)
		assert_int_equal(loop_once(&loop, 100), 0);
	assert_int_equal(answers, 1);
}

/* /etc/hosts has it on every machine, and no network is needed. */
static void test_localhost(void **state)
{
	(void)state;
	assert_int_equal(resolver_start(&resolver, "localhost", 1688), 0);
	wait_for_answer();
	assert_int_equal(answer.error, 0);
	assert_in_range(answer.count, 1, ADDRESSES_MAX);
	const struct address *a = &answer.addresses[0];
	assert_int_equal(ntohs(a->any.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port), 1688);
	assert_null(resolver.deadline.previous);
}

/* A descriptor in the child would keep a connection open that the relay has closed. */
static void test_child_holds_no_descriptor(void **state)
{
	int ends[2];
	char c;
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(resolver_start(&resolver, "localhost", 1688), 0);
	kill(resolver.pid, SIGSTOP);
	close(ends[0]);
	assert_int_equal(recv(ends[1], &c, 1, MSG_DONTWAIT), 0);
	close(ends[1]);
	resolver_stop(&resolver);
	assert_int_equal(answers, 0);
}

static void test_child_that_dies_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(resolver_start(&resolver, "localhost", 1688), 0);
	kill(resolver.pid, SIGSTOP);
	/* Unless it was faster than the signal, it dies before it has spoken. */
	kill(resolver.pid, SIGKILL);
	wait_for_answer();
	assert_true(answer.error == EAI_AGAIN || answer.error == 0);
	assert_null(resolver.deadline.previous);
}

static void test_stopping_twice(void **state)
{
	(void)state;
	assert_int_equal(resolver_start(&resolver, "localhost", 1688), 0);
	resolver_stop(&resolver);
	resolver_stop(&resolver);
	assert_int_equal(loop_once(&loop, 0), 0);
	assert_int_equal(answers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_localhost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_holds_no_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_that_dies_is_no_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stopping_twice, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
