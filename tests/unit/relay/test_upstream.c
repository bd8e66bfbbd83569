/* Upstreams are tried by item, priority and weight; what is down waits for its probe; the relay is none
 * itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relay.h"
#include "unit/common/folder.h"

static struct relay relay;
static struct upstreams *const u = &relay.upstreams;
static struct target list[TARGETS_MAX];
static size_t list_count;

static void ignore_change(struct upstreams *all)
{
	(void)all;
}

static int setup(void **state)
{
	(void)state;
	memset(&relay, 0, sizeof(relay));
	list_count = 0;
	relay.settings.connect_timeout_ms = 4000;
	assert_int_equal(loop_init(&relay.loop), 0);
	upstreams_init(u, &relay.loop, &relay.settings, &relay.networks, ignore_change);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	upstreams_free(u);
	loop_free(&relay.loop);
	return 0;
}

/* A target with ADDRESSES 192.0.2.1 and up; its port names it. */
static struct target *add(
	unsigned item, unsigned priority, unsigned weight, unsigned port, unsigned addresses)
{
	struct target *t = &list[list_count++];
	*t = (struct target){.item = (uint8_t)item,
		.priority = (uint16_t)priority,
		.weight = (uint16_t)weight,
		.port = (uint16_t)port,
		.address_count = addresses};
	snprintf(t->host, sizeof(t->host), "h%u.example", port);
	for (unsigned i = 0; i < addresses; i++) {
		t->address[i].in = (struct sockaddr_in){.sin_family = AF_INET,
			.sin_port = htons((uint16_t)port),
			.sin_addr.s_addr = htonl(0xc0000201 + i)};
		t->address[i].bytes = sizeof(struct sockaddr_in);
	}
	return t;
}

static void set_list(void)
{
	upstreams_set(u, list, list_count);
	assert_int_equal(u->count, list_count);
}

/* The next upstream must be that of PORT, 0: there must be none. Returns its id. */
static uint32_t assert_next(struct upstream_choice *c, unsigned port)
{
	struct upstream *up = upstreams_choose(u, c);
	assert_int_equal(up != NULL ? up->target.port : 0, port);
	return up != NULL ? up->id : 0;
}

static void test_in_order(void **state)
{
	struct upstream_choice c = {0}, later = {0};
	(void)state;
	add(0, 0, 0, 1, 1), add(1, 0, 0, 2, 1), add(1, 5, 0, 3, 1);
	set_list();
	for (unsigned port = 1; port <= 3; port++) {
		uint32_t id = assert_next(&c, port);
		assert_false(upstreams_all_down(u));
		upstreams_failed(u, id, ECONNREFUSED);
	}
	assert_next(&c, 0);
	assert_true(upstreams_all_down(u));
	assert_string_equal(u->list[0]->why, strerror(ECONNREFUSED));
	assert_next(&later, 0); /* refused at once */
}

static void test_back_to_the_first(void **state)
{
	struct upstream_choice a = {0}, b = {0}, c = {0};
	(void)state;
	add(0, 0, 0, 1, 1), add(1, 0, 0, 2, 1);
	set_list();
	uint32_t first = assert_next(&a, 1);
	upstreams_failed(u, first, ETIMEDOUT);
	assert_string_equal(u->list[0]->why, "no answer");
	upstreams_worked(u, assert_next(&a, 2), NULL, 300);
	assert_int_equal(u->list[1]->state, UPSTREAM_UP);
	assert_int_equal(u->list[1]->connect_us, 300);
	assert_next(&b, 2);
	upstreams_worked(u, first, NULL, 400); /* as the probe does */
	assert_next(&c, 1);
}

/* Who has found the last live one dead tries those that had refused, but none that would keep it waiting. */
static void test_last_resort(void **state)
{
	struct upstream_choice c = {0};
	(void)state;
	add(0, 0, 0, 1, 1), add(1, 0, 0, 2, 1), add(2, 0, 0, 3, 1);
	set_list();
	upstreams_failed(u, u->list[0]->id, ETIMEDOUT);
	upstreams_failed(u, u->list[1]->id, ECONNREFUSED);
	upstreams_failed(u, assert_next(&c, 3), ECONNREFUSED);
	assert_next(&c, 2);
	assert_next(&c, 0);
}

static void test_weights(void **state)
{
	unsigned chosen[8] = {0};
	(void)state;
	add(0, 1, 0, 1, 1), add(0, 1, 10, 2, 1), add(0, 1, 30, 3, 1), add(0, 2, 65535, 4, 1);
	set_list();
	for (int i = 0; i < 4100; i++) {
		struct upstream_choice c = {0};
		chosen[upstreams_choose(u, &c)->target.port]++;
	}
	/* 1 : 10 : 30 of 41, eight standard deviations wide. */
	assert_in_range(chosen[1], 20, 180);
	assert_in_range(chosen[2], 750, 1250);
	assert_in_range(chosen[3], 2750, 3250);
	assert_int_equal(chosen[4], 0);
	/* All of a priority before the next one, each once. */
	struct upstream_choice c = {0};
	unsigned sum = 0;
	for (int i = 0; i < 3; i++)
		sum += upstreams_choose(u, &c)->target.port;
	assert_int_equal(sum, 1 + 2 + 3);
	assert_next(&c, 4);
	assert_next(&c, 0);
}

static void test_equal_without_weights(void **state)
{
	unsigned chosen[4] = {0};
	(void)state;
	add(0, 1, 0, 1, 1), add(0, 1, 0, 2, 1), add(0, 1, 0, 3, 1);
	set_list();
	for (int i = 0; i < 3000; i++) {
		struct upstream_choice c = {0};
		chosen[upstreams_choose(u, &c)->target.port]++;
	}
	for (int port = 1; port <= 3; port++)
		assert_in_range(chosen[port], 800, 1200);
}

static void test_without_address(void **state)
{
	struct upstream_choice c = {0};
	(void)state;
	struct target *t = add(0, 0, 0, 1, 0);
	add(1, 0, 0, 2, 1);
	set_list();
	assert_int_equal(u->list[0]->state, UPSTREAM_DOWN);
	assert_string_equal(u->list[0]->why, "its name has no address");
	assert_next(&c, 2);
	assert_next(&c, 0);
	list_count = 0;
	t = add(0, 0, 0, 1, 2);
	t->address_count = 2;
	add(1, 0, 0, 2, 1);
	set_list();
	assert_int_equal(u->list[0]->state, UPSTREAM_UNKNOWN);
	c = (struct upstream_choice){0};
	assert_next(&c, 1);
}

/* What is known of an upstream outlives an answer that names it again, in whatever place. */
static void test_new_answers(void **state)
{
	struct upstream_choice c = {0};
	uint8_t order[ADDRESSES_MAX];
	(void)state;
	add(0, 1, 0, 1, 3), add(0, 2, 0, 2, 1);
	set_list();
	uint32_t first = u->list[0]->id, second = u->list[1]->id;
	upstreams_worked(u, first, &list[0].address[2], 100);
	upstreams_failed(u, second, ECONNREFUSED);
	assert_int_equal(upstream_order(u->list[0], order), 3);
	assert_int_equal(order[0], 2);
	list_count = 0;
	add(0, 1, 0, 3, 1), add(0, 2, 0, 2, 1), add(0, 3, 0, 1, 3);
	set_list();
	assert_int_equal(u->list[1]->id, second);
	assert_int_equal(u->list[1]->state, UPSTREAM_DOWN);
	assert_int_equal(u->list[2]->id, first);
	assert_int_equal(u->list[2]->state, UPSTREAM_UP);
	assert_next(&c, 3);
	/* Other addresses: the best one keeps its place when it is among them, what came of the old ones is
	 * no more. */
	list_count = 0;
	struct target *t = add(0, 3, 0, 1, 3);
	t->address[0] = t->address[2];
	t->address_count = 2;
	set_list();
	assert_int_equal(u->list[0]->id, first);
	assert_int_equal(u->list[0]->state, UPSTREAM_UNKNOWN);
	assert_int_equal(upstream_order(u->list[0], order), 2);
	assert_int_equal(order[0], 0);
	assert_null(upstreams_find(u, second));
	/* A session that is under way when the list changes reports about what is gone, and goes on. */
	upstreams_failed(u, second, ECONNREFUSED);
	upstreams_worked(u, second, NULL, 1);
	assert_next(&c, 1);
	assert_next(&c, 0);
}

static void listen_at(const char *text)
{
	assert_true(
		endpoint_parse(&relay.settings.listen[relay.settings.listen_count++], text, strlen(text)));
}

static void own_address(const char *text)
{
	struct prefixes *own = &relay.networks.own;
	assert_true(prefix_parse(&own->list[own->count++], text, strlen(text)));
}

static void test_the_relay_itself(void **state)
{
	struct upstream_choice c = {0};
	uint8_t order[ADDRESSES_MAX];
	(void)state;
	listen_at("[::]:1688");
	own_address("192.0.2.1");
	add(0, 0, 0, 1688, 2), add(1, 0, 0, 1688, 1), add(2, 0, 0, 1689, 1);
	set_list();
	/* One of its addresses is the relay, the other one is not. */
	assert_int_equal(upstream_order(u->list[0], order), 1);
	assert_int_equal(order[0], 1);
	assert_int_equal(u->list[1]->state, UPSTREAM_DOWN);
	assert_string_equal(u->list[1]->why, "this is the relay itself");
	assert_null(u->list[1]->probe.timer.previous);
	assert_next(&c, 1688);
	assert_next(&c, 1689); /* another port of the same machine is another service */
	assert_next(&c, 0);
	relay.networks.own.count = 0;
	upstreams_check_addresses(u);
	assert_int_equal(u->list[1]->state, UPSTREAM_UNKNOWN);
	own_address("192.0.2.1");
	relay.settings.listen_count = 0;
	listen_at("192.0.2.7:1688");
	upstreams_check_addresses(u);
	assert_int_equal(u->list[1]->state, UPSTREAM_UNKNOWN);
}

/* A name's owner may not lead clients to the status page; who writes the address himself may. */
static void test_the_status_page_by_a_name(void **state)
{
	(void)state;
	relay.settings.status_port = 80;
	own_address("192.0.2.1");
	add(0, 0, 0, 80, 1), add(1, 0, 0, 81, 1), add(2, 0, 0, 80, 1);
	list[2].literal = true;
	set_list();
	assert_int_equal(u->list[0]->state, UPSTREAM_DOWN);
	assert_int_equal(u->list[1]->state, UPSTREAM_UNKNOWN);
	assert_int_equal(u->list[2]->state, UPSTREAM_UNKNOWN);
}

static void test_probe_is_armed_and_ends(void **state)
{
	(void)state;
	add(0, 0, 0, 1, 1);
	set_list();
	assert_null(u->list[0]->probe.timer.previous);
	upstreams_failed(u, u->list[0]->id, ECONNREFUSED);
	assert_non_null(u->list[0]->probe.timer.previous);
	int64_t deadline_ms = u->list[0]->probe.timer.deadline_ms;
	upstreams_failed(u, u->list[0]->id, ETIMEDOUT); /* another session's: no reason to begin anew */
	assert_int_equal(u->list[0]->probe.timer.deadline_ms, deadline_ms);
	upstreams_worked(u, u->list[0]->id, NULL, 1);
	assert_null(u->list[0]->probe.timer.previous);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back_to_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_resort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_weights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_equal_without_weights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_status_page_by_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_relay_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe_is_armed_and_ends, setup, teardown),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
