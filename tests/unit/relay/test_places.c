/* When places run out: the oldest silent session gives way, then one of the client that holds far more; an
 * IPv6 /64 is one client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "places.h"
#include "session.h"

enum { SESSIONS_MAX = 4096, LONG_MS = 60000 };

static struct sessions all;
static struct session made[SESSIONS_MAX];
static struct loop loop;

static void ignore(struct expiry *list, struct expiry_entry *e)
{
	(void)list, (void)e;
}

static int setup(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	all.max = all.max_per_client = SESSIONS_MAX;
	clients_init(&all.clients);
	if (loop_init(&loop) < 0)
		return -1;
	for (size_t i = 0; i < SESSION_STATE_COUNT; i++)
		expiry_init(&all.in_state[i], &loop, LONG_MS, ignore);
	return 0;
}

static void end(struct session *s)
{
	expiry_remove(&s->expiry);
	clients_give(&all.clients, s->holder, &s->place);
	s->holder = NULL;
	all.count--;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (made[i].holder != NULL)
			end(&made[i]);
	for (size_t i = 0; i < CLIENT_BUCKETS; i++)
		assert_null(all.clients.bucket[i]);
	loop_free(&loop);
	return all.count == 0 ? 0 : -1;
}

/* 198.51.x.y, or 2001:db8:NETWORK::HOST */
static struct in6_addr address4(unsigned number)
{
	struct in6_addr a = {.s6_addr = {[10] = 255, 255, 198, 51, (uint8_t)(number >> 8), (uint8_t)number}};
	return a;
}

static struct in6_addr address6(unsigned network, unsigned host)
{
	struct in6_addr a = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, (uint8_t)(network >> 8), (uint8_t)network}};
	memcpy(a.s6_addr + 8, &host, sizeof(host));
	return a;
}

/* A session in STATE since AGO_MS. */
static struct session *make(struct in6_addr address, enum session_state state, int64_t ago_ms)
{
	struct session *s = made;
	while (s->holder != NULL)
		s++;
	*s = (struct session){.all = &all, .state = (uint8_t)state, .accepted_ms = now_ms() - ago_ms};
	s->holder = clients_take(&all.clients, &address, &s->place);
	assert_non_null(s->holder);
	expiry_add(&all.in_state[state], &s->expiry);
	s->expiry.deadline_ms -= ago_ms;
	s->bytes_up = state >= SESSION_SETTLED;
	all.count++;
	return s;
}

static struct session *who_gives_way(struct in6_addr newcomer, enum refusal expected)
{
	struct session *older;
	enum refusal limit = REFUSAL_COUNT;
	assert_false(place_is_free(&all, &newcomer, &older, &limit));
	assert_int_equal(limit, expected);
	return older;
}

static void test_room(void **state)
{
	struct session *older;
	enum refusal limit;
	struct in6_addr a = address4(1);
	(void)state;
	all.max = 2;
	make(a, SESSION_GUARD, LONG_MS);
	assert_true(place_is_free(&all, &a, &older, &limit));
	assert_null(older);
}

static void test_the_oldest_silent_one(void **state)
{
	(void)state;
	all.max = 4;
	make(address4(1), SESSION_SETTLED, 50000);
	struct session *silent = make(address4(2), SESSION_SILENT, 9000);
	struct session *fresh = make(address4(3), SESSION_FRESH, 2000);
	struct session *guarded = make(address4(4), SESSION_GUARD, 20000);
	assert_ptr_equal(who_gives_way(address4(9), REFUSED_FULL), guarded);
	end(guarded);
	make(address4(4), SESSION_GUARD, 10);
	assert_ptr_equal(who_gives_way(address4(9), REFUSED_FULL), silent);
	end(silent);
	make(address4(2), SESSION_SETTLED, 10);
	assert_ptr_equal(who_gives_way(address4(9), REFUSED_FULL), fresh);
	fresh->bytes_down = 1;
	make(address4(5), SESSION_HALF, 10);
	assert_int_equal(who_gives_way(address4(9), REFUSED_FULL)->state, SESSION_GUARD);
}

/* Two who speak and sit, and two who open sessions in a storm: none of it reaches one of a client that holds
 * few, as long as it is new. */
static void test_the_greatest_one(void **state)
{
	(void)state;
	bool first_gave_way = false;
	all.max = 201;
	struct session *honest = make(address4(3), SESSION_GUARD, 300);
	struct session *first = make(address4(1), SESSION_SETTLED, 9000);
	for (unsigned i = 0; i < 99; i++) {
		make(address4(1), SESSION_SETTLED, 5);
		make(address6(7, i), SESSION_GUARD, 5);
	}
	make(address6(7, 99), SESSION_GUARD, 5);
	for (unsigned i = 0; i < 100; i++) {
		struct session *older = who_gives_way(address4(9), REFUSED_FULL);
		assert_ptr_equal(older, container_of(older->holder->sessions.next, struct session, place));
		assert_ptr_not_equal(older, honest);
		first_gave_way = first_gave_way || older == first;
		end(older);
		make(address4(9 + i / 10), SESSION_SETTLED, 5); /* ten places for each of ten others */
	}
	assert_true(first_gave_way);
	/* The two get nothing from each other, and nothing from one that has just come. */
	assert_null(who_gives_way(address4(1), REFUSED_FULL));
}

static void test_nobody_gives_way(void **state)
{
	(void)state;
	all.max = 3;
	struct session *s = make(address4(1), SESSION_SETTLED, 9000);
	make(address4(1), SESSION_SETTLED, 5);
	make(address4(2), SESSION_HALF, 5);
	assert_null(who_gives_way(address4(2), REFUSED_FULL)); /* would only change places with it */
	s->expiry.deadline_ms -= 2000; /* quiet for so long that anybody comes first */
	assert_ptr_equal(who_gives_way(address4(2), REFUSED_FULL), s);
}

static void test_a_client_full(void **state)
{
	(void)state;
	all.max_per_client = 2;
	struct session *s = make(address6(1, 1), SESSION_SETTLED, 9000);
	make(address6(1, 2), SESSION_GUARD, 300);
	make(address6(2, 1), SESSION_GUARD, LONG_MS);
	assert_null(who_gives_way(address6(1, 3), REFUSED_CLIENT_FULL));
	end(s);
	s = make(address6(1, 1), SESSION_GUARD, 1100);
	struct session *first = container_of(s->holder->sessions.next, struct session, place);
	assert_null(who_gives_way(address6(1, 3), REFUSED_CLIENT_FULL));
	client_touch(s->holder, &first->place);
	assert_ptr_equal(who_gives_way(address6(1, 3), REFUSED_CLIENT_FULL), s);
}

/* Against another way to find the greatest one: all are looked at. */
static void test_greatest_of_many(void **state)
{
	size_t of_client[200] = {0}, most = 0;
	bool far;
	(void)state;
	srandom(1);
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned number = (unsigned)(random() % (1 + turn % 200));
		struct session *s = &made[random() % SESSIONS_MAX];
		if (s->holder != NULL) {
			of_client[s->client_port]--;
			end(s);
		}
		if (all.count < SESSIONS_MAX - 1) {
			s = make(address6(number, turn), SESSION_SETTLED, 5);
			s->client_port = (uint16_t)number;
			of_client[number]++;
			assert_int_equal(s->holder->session_count, of_client[number]);
		}
		most = 0;
		for (size_t i = 0; i < 200; i++)
			most = of_client[i] > most ? of_client[i] : most;
		struct ring *first = clients_greatest(&all.clients, 0, &far);
		size_t found = container_of(first, struct session, place)->holder->session_count;
		assert_true(found <= most && 2 * found > most);
		assert_int_equal(far, most > 1);
	}
	assert_true(most > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_oldest_silent_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_greatest_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_gives_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_client_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_greatest_of_many, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
