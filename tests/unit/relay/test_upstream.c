/* Upstreams are tried in order, each address once, beginning with the one that worked last. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay.h"
#include "unit/common/folder.h"

static struct relay relay;
static struct upstreams *const u = &relay.upstreams;
static struct settings *const settings = &relay.settings;

static void start(const char *first, const char *second, const char *third)
{
	const char *const list[] = {first, second, third};
	memset(&relay, 0, sizeof(relay));
	assert_int_equal(loop_init(&relay.loop), 0);
	report_init(&relay.report, &relay.loop, &relay);
	for (size_t i = 0; i < 3 && list[i] != NULL; i++)
		assert_true(endpoint_parse(
			&settings->upstream[settings->upstream_count++], list[i], strlen(list[i])));
	upstreams_init(u, &relay.loop, &relay.report, settings);
}

static int tear_down(void **state)
{
	(void)state;
	upstreams_free(u);
	loop_free(&relay.loop);
	return 0;
}

static unsigned port_of(const struct address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

/* The next address must have PORT; 0: there must be none. */
static void assert_next(struct upstream_attempt *a, unsigned port)
{
	struct address address;
	bool found = upstreams_next(u, a, &address);
	assert_int_equal(found ? port_of(&address) : 0, port);
}

static void test_in_order(void **state)
{
	struct upstream_attempt a = {0};
	(void)state;
	start("192.0.2.1:1", "[2001:db8::1]:2", "192.0.2.1:3");
	for (unsigned port = 1; port <= 3; port++) {
		assert_next(&a, port);
		assert_false(upstreams_all_down(u));
		upstreams_failed(u, &a, ECONNREFUSED);
	}
	assert_next(&a, 0);
	assert_next(&a, 0);
	assert_true(upstreams_all_down(u));
	assert_string_equal(u->list[0].why, strerror(ECONNREFUSED));
}

static void test_last_that_worked_is_first(void **state)
{
	struct upstream_attempt a = {0}, b = {0};
	(void)state;
	start("192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3");
	assert_next(&a, 1);
	upstreams_failed(u, &a, ETIMEDOUT);
	assert_string_equal(u->list[0].why, "no answer");
	assert_next(&a, 2);
	upstreams_worked(u, &a);
	assert_int_equal(u->list[0].state, UPSTREAM_DOWN);
	assert_int_equal(u->list[1].state, UPSTREAM_UP);
	assert_int_equal(u->list[2].state, UPSTREAM_UNKNOWN);
	assert_next(&b, 2);
	upstreams_failed(u, &b, ECONNREFUSED);
	assert_next(&b, 3);
	upstreams_failed(u, &b, ECONNREFUSED);
	assert_next(&b, 1);
	upstreams_worked(u, &b);
	assert_int_equal(u->list[0].state, UPSTREAM_UP);
	assert_null(u->list[0].why);
}

/* While one session waits for a silent upstream, those that come after its first failure do not. */
static void test_a_failure_moves_the_start(void **state)
{
	struct upstream_attempt a = {0}, b = {0}, c = {0};
	(void)state;
	start("192.0.2.1:1", "192.0.2.1:2", NULL);
	assert_next(&a, 1);
	assert_next(&b, 1);
	upstreams_failed(u, &a, ETIMEDOUT);
	assert_next(&c, 2);
	/* A second report of the same failure is no reason to move on. */
	upstreams_failed(u, &b, ETIMEDOUT);
	c = (struct upstream_attempt){0};
	assert_next(&c, 2);
}

static void give_addresses(size_t index, unsigned count, unsigned first_port)
{
	struct upstream *up = &u->list[index];
	struct resolver_answer answer = {.count = count};
	for (unsigned i = 0; i < count; i++) {
		answer.addresses[i].in = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = htons((uint16_t)(first_port + i))};
		answer.addresses[i].bytes = sizeof(struct sockaddr_in);
	}
	u->resolving = index;
	resolver_stop(&u->resolver);
	u->resolver.answered(&u->resolver, &answer);
	assert_int_equal(up->address_count, count);
}

static void test_name_without_addresses_is_passed_over(void **state)
{
	struct upstream_attempt a = {0};
	(void)state;
	start("host.invalid:9", "192.0.2.1:2", NULL);
	assert_next(&a, 2);
	assert_next(&a, 0);
	give_addresses(0, 3, 10);
	a = (struct upstream_attempt){0};
	for (unsigned port = 10; port < 13; port++)
		assert_next(&a, port);
	assert_next(&a, 2);
	assert_next(&a, 0);
}

static void test_only_a_name_not_resolved(void **state)
{
	struct upstream_attempt a = {0};
	const struct resolver_answer none = {.error = -2 /* EAI_NONAME */};
	(void)state;
	start("host.invalid:9", NULL, NULL);
	assert_next(&a, 0);
	resolver_stop(&u->resolver);
	u->resolver.answered(&u->resolver, &none);
	assert_true(upstreams_all_down(u));
	assert_string_equal(u->list[0].why, "this name has no address");
	assert_next(&a, 0);
}

static void test_a_name_is_down_when_all_its_addresses_are(void **state)
{
	struct upstream_attempt a = {0};
	(void)state;
	start("host.invalid:9", NULL, NULL);
	give_addresses(0, 2, 10);
	assert_next(&a, 10);
	upstreams_failed(u, &a, ECONNREFUSED);
	assert_int_equal(u->list[0].state, UPSTREAM_UNKNOWN);
	assert_next(&a, 11);
	upstreams_failed(u, &a, ECONNREFUSED);
	assert_int_equal(u->list[0].state, UPSTREAM_DOWN);
}

/* A session that is under way when the addresses change neither reads past them nor goes on for ever. */
static void test_addresses_change_under_way(void **state)
{
	struct upstream_attempt a = {0};
	(void)state;
	start("host.invalid:9", "192.0.2.1:2", NULL);
	give_addresses(0, 8, 10);
	for (unsigned port = 10; port < 18; port++)
		assert_next(&a, port);
	give_addresses(0, 1, 30);
	upstreams_failed(u, &a, ECONNREFUSED);
	upstreams_worked(u, &a);
	assert_int_equal(u->list[0].state, UPSTREAM_UNKNOWN);
	assert_next(&a, 0);
	a = (struct upstream_attempt){0};
	assert_next(&a, 30);
}

static void test_preferred_address_keeps_its_place(void **state)
{
	struct upstream_attempt a = {0}, b = {0};
	(void)state;
	start("host.invalid:9", NULL, NULL);
	give_addresses(0, 3, 10);
	assert_next(&a, 10);
	assert_next(&a, 11);
	upstreams_worked(u, &a);
	give_addresses(0, 4, 8); /* 8 9 10 11 */
	assert_next(&b, 11);
	assert_next(&b, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_in_order, tear_down),
		cmocka_unit_test_teardown(test_last_that_worked_is_first, tear_down),
		cmocka_unit_test_teardown(test_a_failure_moves_the_start, tear_down),
		cmocka_unit_test_teardown(test_name_without_addresses_is_passed_over, tear_down),
		cmocka_unit_test_teardown(test_only_a_name_not_resolved, tear_down),
		cmocka_unit_test_teardown(test_a_name_is_down_when_all_its_addresses_are, tear_down),
		cmocka_unit_test_teardown(test_addresses_change_under_way, tear_down),
		cmocka_unit_test_teardown(test_preferred_address_keeps_its_place, tear_down),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
