/* A source keeps its targets while the servers cannot say, drops them when they say that there are none, and
 * asks again when it should. The record tells all of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "report.h"
#include "source.h"

enum { NOW_MS = 1000 };

static struct loop loop;
static struct sources all;
static struct packet p;
static struct question asked; /* the last one */
static int starts, stops;
static bool cannot_start;

int __wrap_worker_start(struct worker *w, const struct question *q);
void __wrap_worker_stop(struct worker *w);
int64_t __wrap_now_ms(void);

int64_t __wrap_now_ms(void)
{
	return NOW_MS;
}

int __wrap_worker_start(struct worker *w, const struct question *q)
{
	assert_int_equal(w->child.pid, 0);
	assert_true(q->name_count > 0);
	if (cannot_start) {
		errno = EAGAIN;
		return -1;
	}
	starts++;
	asked = *q;
	w->child.pid = 1;
	return 0;
}

void __wrap_worker_stop(struct worker *w)
{
	stops += w->child.pid != 0;
	w->child.pid = 0;
}

static void handle_changed(struct sources *s)
{
	(void)s;
}

static int setup(void **state)
{
	(void)state;
	starts = stops = 0;
	cannot_start = false;
	sources_init(&all, &loop, handle_changed);
	struct environment e = {.has_servers = true, .domain_count = 2, .domain = {"a.example", "b.example"}};
	sources_set_environment(&all, &e);
	return loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	sources_free(&all);
	assert_null(loop.timers);
	loop_free(&loop);
	return 0;
}

/* The answer of source N's worker; NULL: none. */
static void answer(size_t n, const struct packet *packet)
{
	struct worker *w = &all.list[n]->worker;
	assert_int_equal(w->child.pid, 1);
	w->child.pid = 0;
	if (packet != NULL)
		assert_true(packet_is_good(packet, packet_bytes(packet), NAMES_MAX));
	w->answered(w, packet);
}

static void answer_status(size_t n, enum answer_status status)
{
	p = (struct packet){.status = status};
	answer(n, &p);
}

static void make_target(unsigned i, const char *host, unsigned priority, uint32_t ttl_s, const char *address)
{
	struct target *t = &p.target[i];
	*t = (struct target){.priority = (uint16_t)priority, .weight = 7, .port = 1688, .ttl_s = ttl_s};
	strcpy(t->host, host);
	if (address != NULL && strchr(address, ':') != NULL) {
		assert_int_equal(inet_pton(AF_INET6, address, &t->address[t->address_count++]), 1);
	} else if (address != NULL) {
		struct in6_addr *a = &t->address[t->address_count++];
		a->s6_addr[10] = a->s6_addr[11] = 0xff;
		assert_int_equal(inet_pton(AF_INET, address, &a->s6_addr[12]), 1);
	}
}

static void answer_one(size_t n, const char *host, uint32_t ttl_s)
{
	p = (struct packet){.status = ANSWER_OK, .count = 1};
	make_target(0, host, 0, ttl_s, "192.0.2.1");
	answer(n, &p);
}

/* How long until source N is asked for again; 0 when nothing is set. */
static int64_t wait_of(size_t n)
{
	const struct loop_timer *t = &all.list[n]->timer;
	return t->previous != NULL ? t->deadline_ms - NOW_MS : 0;
}

static void assert_wait(size_t n, int64_t expected)
{
	assert_int_equal(wait_of(n), expected);
}

static void let_time_pass(size_t n)
{
	struct loop_timer *t = &all.list[n]->timer;
	assert_non_null(t->previous);
	loop_disarm(&loop, t);
	t->handle(&loop, t);
}

static const char *record(const char *key)
{
	static struct record r;
	static struct record_view v;
	report_make(&r, &all, "SETTING");
	assert_int_equal(record_parse(&v, r.data, r.text.used), 0);
	return record_get(&v, key);
}

static void names_that_are_asked_for(void **state)
{
	(void)state;
	sources_set(
		&all, "192.0.2.1:1,srv:_a._tcp,[2001:db8::1]:2,srv:_b._tcp.c.example,host:3,host.example:4");
	assert_int_equal(all.count, 4);
	assert_int_equal(all.list[0]->number, 2);
	assert_int_equal(all.list[3]->number, 6);
	sources_free(&all);

	sources_set(&all, "srv:_a._tcp");
	assert_true(asked.service);
	assert_int_equal(asked.name_count, 2);
	assert_string_equal(asked.name[0], "_a._tcp.a.example");
	assert_string_equal(asked.name[1], "_a._tcp.b.example");
	sources_set(&all, "srv:_b._tcp.c.example");
	assert_int_equal(asked.name_count, 1);
	assert_string_equal(asked.name[0], "_b._tcp.c.example");
	sources_set(&all, "host:3");
	assert_false(asked.service);
	assert_int_equal(asked.port, 3);
	assert_int_equal(asked.name_count, 3);
	assert_string_equal(asked.name[0], "host.a.example");
	assert_string_equal(asked.name[2], "host");
	sources_set(&all, "host.example:4");
	assert_int_equal(asked.name_count, 1);
}

static void answers_expire(void **state)
{
	(void)state;
	sources_set(&all, "srv:_a._tcp,h.example:1");
	assert_string_equal(record("source.1"), "waiting");
	p = (struct packet){.status = ANSWER_OK, .count = 2, .asked = 1, .left_out = 3};
	make_target(0, "one.example", 1, 60, "192.0.2.1");
	make_target(1, "two.example", 2, 20, "2001:db8::1");
	answer(0, &p);
	assert_string_equal(record("source.1"), "ok _a._tcp.b.example");
	assert_string_equal(record("asked.1"), "_a._tcp.b.example");
	assert_string_equal(record("target.1"), "1 1 7 1688 one.example 61000 192.0.2.1");
	assert_string_equal(record("target.2"), "1 2 7 1688 two.example 21000 2001:db8::1");
	assert_string_equal(record("left_out"), "3");
	assert_wait(0, 20000);
	answer_one(1, "h.example", 3600);
	assert_string_equal(record("source.2"), "ok");
	assert_null(record("asked.2"));
	assert_string_equal(record("target.3"), "2 0 7 1688 h.example 3601000 192.0.2.1");
	assert_wait(1, 3600000);
	assert_int_equal(starts, 2);
	let_time_pass(0);
	assert_int_equal(starts, 3);
	assert_string_equal(record("source.1"), "ok _a._tcp.b.example");
	assert_non_null(record("target.2"));
}

static void silence_before_the_first_answer_backs_off(void **state)
{
	(void)state;
	sources_set(&all, "h.example:1");
	for (int64_t wait = 250; wait < 120000; wait *= 2) {
		answer(0, NULL);
		assert_string_equal(record("source.1"), "waiting no answer from the name servers");
		assert_wait(0, wait < 30000 ? wait : 30000);
		let_time_pass(0);
	}
}

static void silence_keeps_the_targets(void **state)
{
	(void)state;
	sources_set(&all, "srv:_a._tcp");
	answer_one(0, "one.example", 60);
	for (int64_t wait = 5000; wait < 120000; wait *= 2) {
		let_time_pass(0);
		answer_status(0, ANSWER_SERVFAIL);
		assert_string_equal(record("source.1"),
			"stale SERVFAIL: the name servers could not find out about "
			"_a._tcp.a.example");
		assert_non_null(record("target.1"));
		assert_string_equal(record("asked.1"), "_a._tcp.a.example");
		assert_wait(0, wait < 30000 ? wait : 30000);
	}
	let_time_pass(0);
	answer_one(0, "other.example", 60);
	assert_string_equal(record("source.1"), "ok _a._tcp.a.example");
	assert_non_null(strstr(record("target.1"), " other.example "));
	assert_wait(0, 60000);
}

static void a_no_drops_the_targets(void **state)
{
	static const struct {
		enum answer_status status;
		const char *words;
	} cases[] = {
		{ANSWER_NO_NAME, "failed NXDOMAIN: no such name _a._tcp.c.example"},
		{ANSWER_NO_DATA, "failed no SRV record at _a._tcp.c.example"},
		{ANSWER_NO_SERVICE, "failed _a._tcp.c.example: this domain has no such service"},
		{ANSWER_ALL_REFUSED, "failed _a._tcp.c.example: no record that can be used"},
	};
	(void)state;
	sources_set(&all, "srv:_a._tcp.c.example");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer_one(0, "one.example", 60);
		assert_non_null(record("target.1"));
		let_time_pass(0);
		answer_status(0, cases[i].status);
		assert_string_equal(record("source.1"), cases[i].words);
		assert_null(record("target.1"));
		assert_wait(0, 5000);
		let_time_pass(0);
	}
	answer(0, NULL); /* nobody has said anything else since */
	assert_string_equal(record("source.1"), "failed no answer from the name servers");
}

static void several_names_that_do_not_exist(void **state)
{
	(void)state;
	sources_set(&all, "srv:_a._tcp");
	answer_status(0, ANSWER_NO_NAME);
	assert_string_equal(record("source.1"),
		"failed NXDOMAIN: no such name _a._tcp.a.example; nothing by 1 more name");
}

static void targets_without_address(void **state)
{
	(void)state;
	sources_set(&all, "srv:_a._tcp");
	p = (struct packet){.status = ANSWER_OK, .count = 2};
	make_target(0, "one.example", 0, 60, NULL);
	make_target(1, "two.example", 0, 60, "192.0.2.2");
	answer(0, &p);
	assert_string_equal(strrchr(record("target.1"), ' '), " -");
	let_time_pass(0);
	p.target[1].address_count = 0;
	answer(0, &p);
	assert_string_equal(record("source.1"), "failed no address for one.example and 1 more");
	assert_null(record("target.1"));
	let_time_pass(0);
	p.target[0].incomplete = 1;
	answer(0, &p);
	assert_string_equal(record("source.1"),
		"failed no answer from the name servers for the address of one.example and 1 more");
}

static void addresses_that_were_not_told_are_kept(void **state)
{
	(void)state;
	sources_set(&all, "srv:_a._tcp");
	answer_one(0, "one.example", 60);
	let_time_pass(0);
	p = (struct packet){.status = ANSWER_OK, .count = 2};
	make_target(0, "new.example", 0, 30, NULL);
	make_target(1, "one.example", 0, 30, NULL);
	p.target[0].incomplete = p.target[1].incomplete = 1;
	answer(0, &p);
	assert_string_equal(record("source.1"), "ok _a._tcp.a.example");
	assert_string_equal(strrchr(record("target.1"), ' '), " -");
	assert_string_equal(strrchr(record("target.2"), ' '), " 192.0.2.1");
	assert_wait(0, 30000);
}

static void a_domain_that_cannot_be_asked_does_not_hand_over_to_the_next(void **state)
{
	(void)state;
	sources_set(&all, "srv:_a._tcp");
	p = (struct packet){.status = ANSWER_OK, .failure = ANSWER_SERVFAIL, .asked = 1, .count = 1};
	make_target(0, "second.example", 0, 60, "192.0.2.2");
	answer(0, &p); /* nothing is known yet: better than nothing */
	assert_string_equal(record("source.1"), "ok _a._tcp.b.example");
	let_time_pass(0);
	answer(0, &p);
	assert_string_equal(record("source.1"), "ok _a._tcp.b.example");
	let_time_pass(0);
	answer_one(0, "first.example", 60);
	assert_string_equal(record("source.1"), "ok _a._tcp.a.example");
	let_time_pass(0);
	p = (struct packet){.status = ANSWER_OK, .failure = ANSWER_SERVFAIL, .asked = 1, .count = 1};
	make_target(0, "second.example", 0, 60, "192.0.2.2");
	answer(0, &p);
	assert_int_equal(strncmp(record("source.1"), "stale SERVFAIL", 14), 0);
	assert_non_null(strstr(record("target.1"), " first.example "));
}

static void change_of_servers_asks_at_once(void **state)
{
	(void)state;
	struct environment e = all.environment;
	sources_set(&all, "srv:_a._tcp,h.example:1");
	answer_one(0, "one.example", 60);
	assert_int_equal(starts, 2);
	e.servers_hash++;
	sources_set_environment(&all, &e);
	assert_int_equal(stops, 1);
	assert_int_equal(starts, 4);
	assert_int_equal(all.running, 2);
	assert_string_equal(record("source.1"), "ok _a._tcp.a.example");
	answer(1, NULL);
	assert_wait(1, 250);
}

static void without_servers_or_domain_nobody_is_asked(void **state)
{
	(void)state;
	struct environment e = all.environment, none = {0};
	sources_set(&all, "srv:_a._tcp,srv:_b._tcp");
	answer_one(0, "one.example", 60);
	sources_set_environment(&all, &none);
	assert_int_equal(all.running, 0);
	assert_string_equal(record("source.1"), "stale no name servers");
	assert_string_equal(record("source.2"), "waiting no name servers");
	assert_int_equal(wait_of(0) + wait_of(1), 0);
	none.has_servers = true;
	starts = 0;
	sources_set_environment(&all, &none);
	assert_string_equal(record("source.2"), "waiting no search domain yet");
	assert_int_equal(starts, 0);
	assert_int_equal(wait_of(0) + wait_of(1), 0);
	sources_set_environment(&all, &e);
	assert_int_equal(starts, 2);
}

static void four_at_once(void **state)
{
	(void)state;
	sources_set(&all, "a.x:1,b.x:1,c.x:1,d.x:1,e.x:1,f.x:1");
	assert_int_equal(starts, 4);
	answer_one(1, "b.x", 60);
	assert_int_equal(starts, 5);
	answer(0, NULL);
	answer_one(2, "c.x", 60);
	assert_int_equal(starts, 6);
	assert_int_equal(all.running, 3);
}

static void sources_that_stay_in_the_setting_keep_their_answers(void **state)
{
	(void)state;
	sources_set(&all, "h.example:1,srv:_a._tcp.c.example");
	answer_one(0, "h.example", 60);
	answer_one(1, "one.example", 60);
	sources_set(&all, "192.0.2.1:5,srv:_a._tcp.c.example,h.example:2");
	assert_int_equal(starts, 3);
	assert_string_equal(record("source.2"), "ok");
	assert_string_equal(record("source.3"), "waiting");
	assert_string_equal(record("target.1"), "2 0 7 1688 one.example 61000 192.0.2.1");
	assert_null(record("target.2"));
}

static void worker_that_cannot_start(void **state)
{
	(void)state;
	cannot_start = true;
	sources_set(&all, "h.example:1");
	assert_string_equal(record("source.1"),
		"waiting cannot start a process to ask: Resource temporarily unavailable");
	assert_wait(0, 250);
	assert_int_equal(all.running, 0);
}

static void record_has_room_for_the_best_of_each(void **state)
{
	char host[254], label[33];
	(void)state;
	sources_set(&all, "srv:_a._tcp.c.example,srv:_b._tcp.c.example,h.example:1");
	for (size_t n = 0; n < 2; n++) {
		p = (struct packet){.status = ANSWER_OK, .count = TARGETS_MAX, .left_out = 68};
		for (unsigned i = 0; i < TARGETS_MAX; i++) {
			host[0] = '\0';
			snprintf(label, sizeof(label), "%02u-of-thirty-two-characters-each", i);
			for (int j = 0; j < 7; j++)
				sprintf(host + strlen(host), "%.32s.", label);
			strcat(host, "abcdefghij.example");
			make_target(i, host, i, 60, NULL);
			p.target[i].address_count = ADDRESSES_MAX;
			for (int j = 0; j < ADDRESSES_MAX; j++)
				inet_pton(AF_INET6, "2001:1db8:1111:2222:3333:4444:5555:6666",
					&p.target[i].address[j]);
		}
		answer(n, &p);
	}
	answer_one(2, "h.example", 60);
	assert_int_equal(strncmp(record("target.30"), "1 29 ", 5), 0);
	assert_int_equal(strncmp(record("target.31"), "2 0 ", 4), 0);
	assert_int_equal(strncmp(record("target.32"), "3 0 ", 4), 0);
	assert_null(record("target.33"));
	assert_int_equal(atoi(record("left_out")), 68 + 2 + 68 + 31);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_that_are_asked_for),
		TEST(answers_expire),
		TEST(silence_before_the_first_answer_backs_off),
		TEST(silence_keeps_the_targets),
		TEST(a_no_drops_the_targets),
		TEST(several_names_that_do_not_exist),
		TEST(targets_without_address),
		TEST(addresses_that_were_not_told_are_kept),
		TEST(a_domain_that_cannot_be_asked_does_not_hand_over_to_the_next),
		TEST(change_of_servers_asks_at_once),
		TEST(without_servers_or_domain_nobody_is_asked),
		TEST(four_at_once),
		TEST(sources_that_stay_in_the_setting_keep_their_answers),
		TEST(worker_that_cannot_start),
		TEST(record_has_room_for_the_best_of_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
