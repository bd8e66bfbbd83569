/* The resolver's record is read line by line; a line that is not of its form costs that line only. */
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

static void test_good_lines(void **state)
{
	struct target t;
	(void)state;
	assert_true(target_parse(&t, "2 10 20 1688 kms.example.org 123456 2001:db8::1,192.0.2.1", 2));
	assert_int_equal(t.item, 1);
	assert_int_equal(t.priority, 10);
	assert_int_equal(t.weight, 20);
	assert_int_equal(t.port, 1688);
	assert_string_equal(t.host, "kms.example.org");
	assert_int_equal(t.address_count, 2);
	assert_int_equal(t.address[0].any.sa_family, AF_INET6);
	assert_int_equal(ntohs(t.address[1].in.sin_port), 1688);
	assert_true(target_parse(&t, "1 0 0 1 a 0 -", 1));
	assert_int_equal(t.address_count, 0);
}

static void test_bad_lines(void **state)
{
	static const char *const lines[] = {"", "1", "0 0 0 1 a 0 -", "3 0 0 1 a 0 -", "1 65536 0 1 a 0 -",
		"1 0 0 0 a 0 -", "1 0 0 65536 a 0 -", "1 0 0 1 a_b- 0 -", "1 0 0 1 a x -", "1 0 0 1 a 0 ",
		"1 0 0 1 a 0 1.2.3", "1 0 0 1 a 0 192.0.2.1 ,x", "1 -1 0 1 a 0 -", "1 0 0 1 \033[2J 0 -",
		"1 0 0 1 a 0 1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1"};
	struct target t;
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (target_parse(&t, lines[i], 2))
			fail_msg("taken: %s", lines[i]);
}

static void set_item(size_t index, const char *text, bool literal)
{
	struct upstream_item *item = &relay.settings.item[index];
	*item = (struct upstream_item){.literal = literal};
	snprintf(item->text, sizeof(item->text), "%s", text);
	if (literal)
		assert_true(endpoint_parse(&item->endpoint, text, strlen(text)));
	relay.settings.item_count = index + 1;
}

static void ignore_change(struct upstreams *all)
{
	(void)all;
}

static int setup(void **state)
{
	(void)state;
	memset(&relay, 0, sizeof(relay));
	set_item(0, "192.0.2.1:1", true);
	set_item(1, "srv:_kms._tcp", false);
	strcpy(relay.settings.upstream, "192.0.2.1:1,srv:_kms._tcp");
	assert_int_equal(loop_init(&relay.loop), 0);
	upstreams_init(&relay.upstreams, &relay.loop, &relay.settings, &relay.networks, ignore_change);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	discovery_free(&relay.discovery);
	upstreams_free(&relay.upstreams);
	loop_free(&relay.loop);
	return 0;
}

static void write_record(const char *setting, const char *source, const char *first, const char *second)
{
	static struct record r;
	assert_int_equal(record_make_folder("resolver"), 0);
	record_begin(&r);
	record_add(&r, "setting", "%s", setting);
	record_add(&r, "source.2", "%s", source);
	record_add(&r, "target.1", "%s", first);
	record_add(&r, "target.2", "%s", second);
	record_add(&r, "left_out", "3");
	assert_int_equal(record_commit(&r, "resolver", "upstreams"), 0);
}

/* The folder is not there at first; then the record changes. */
static void test_course(void **state)
{
	struct discovery *d = &relay.discovery;
	struct upstreams *u = &relay.upstreams;
	(void)state;
	discovery_init(d, &relay.loop, u, &relay.settings);
	assert_int_equal(u->count, 1);
	assert_true(u->list[0]->target.literal);
	assert_non_null(strstr(d->source[1], "waiting"));
	write_record(relay.settings.upstream, "ok _kms._tcp.example", "2 1 0 5 a.example 9 192.0.2.5",
		"2 0 0 bad");
	for (int64_t end = now_ms() + 10000; u->count < 2 && now_ms() < end;)
		assert_int_equal(loop_once(&relay.loop, 50), 0);
	assert_int_equal(u->count, 2);
	assert_int_equal(u->list[1]->target.port, 5);
	assert_string_equal(d->source[1], "ok _kms._tcp.example");
	assert_int_equal(d->left_out, 4);
	write_record(relay.settings.upstream, "failed NXDOMAIN: \033", "2 1 0 6 a.example 9 192.0.2.5", "x");
	for (int64_t end = now_ms() + 10000; u->list[1]->target.port != 6 && now_ms() < end;)
		assert_int_equal(loop_once(&relay.loop, 50), 0);
	assert_int_equal(u->list[1]->target.port, 6);
	assert_null(strchr(d->source[1], '\033'));
	/* One made from other settings tells nothing. */
	strcpy(relay.settings.upstream, "192.0.2.1:1,srv:_other._tcp");
	discovery_renew(d);
	assert_int_equal(u->count, 1);
	assert_non_null(strstr(d->source[1], "waiting"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test_setup_teardown(test_course, setup, teardown),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
