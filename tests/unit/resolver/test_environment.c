/* Servers and search domains are read from resolv.conf, net's record and the setting, the last word last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "environment.h"

static struct environment e;
static struct record_view view;

static void read_conf(const char *text)
{
	environment_read_conf(&e, text, strlen(text));
}

static void read_record(const char *text)
{
	assert_int_equal(record_parse(&view, text, strlen(text)), 0);
	environment_read_record(&e, &view);
}

static void assert_domains(const char *one, const char *other)
{
	assert_int_equal(e.domain_count, (one != NULL) + (other != NULL));
	if (one != NULL)
		assert_string_equal(e.domain[0], one);
	if (other != NULL)
		assert_string_equal(e.domain[1], other);
}

static void conf(void **state)
{
	(void)state;
	read_conf("");
	assert_false(e.has_servers);
	assert_domains(NULL, NULL);
	read_conf("# nameserver 192.0.2.1\nnameserver\nsearch\n");
	assert_false(e.has_servers);
	read_conf("nameserver 192.0.2.1\ndomain old.example\nsearch\ta.example  B.example. a.example a..b "
		  "-x\n");
	assert_true(e.has_servers);
	assert_domains("a.example", "B.example");
	read_conf("search a.example b.example\ndomain c.example"); /* the last one counts; no newline */
	assert_domains("c.example", NULL);
	assert_false(e.has_servers);
	read_conf("search a1.x a2.x a3.x a4.x a5.x a6.x a7.x a8.x a9.x\n");
	assert_int_equal(e.domain_count, DOMAINS_MAX);
}

static void record_goes_before_conf_and_setting_before_record(void **state)
{
	(void)state;
	read_conf("nameserver 192.0.2.1\nsearch conf.example\n");
	read_record("server.1=192.0.2.1 dhcp4 eth0 5\nleft_out=0\n");
	assert_domains("conf.example", NULL);
	read_record("search.1=a.example dhcp4 eth0 100000\nsearch.2=b.example ra eth0 forever\n");
	assert_domains("a.example", "b.example");
	environment_read_search(&e, "");
	assert_domains("a.example", "b.example");
	environment_read_search(&e, "set.example, other.example.");
	assert_domains("set.example", "other.example");
}

static void same_or_not(void **state)
{
	static struct environment before;
	(void)state;
	read_conf("nameserver 192.0.2.1\n");
	read_record("search.1=a.example dhcp4 eth0 100000\n");
	before = e;
	read_conf("nameserver 192.0.2.1\n");
	read_record(
		"search.1=a.example dhcp4 eth0 200000\n"); /* the lease was renewed: nothing to ask anew */
	assert_true(environment_is_same(&e, &before));
	read_record("search.1=b.example dhcp4 eth0 200000\n");
	assert_false(environment_is_same(&e, &before));
	read_conf("nameserver 192.0.2.2\n");
	read_record("search.1=a.example dhcp4 eth0 200000\n");
	assert_false(environment_is_same(&e, &before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf),
		cmocka_unit_test(record_goes_before_conf_and_setting_before_record),
		cmocka_unit_test(same_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
