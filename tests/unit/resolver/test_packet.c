/* A packet of a worker is taken only when everything in it belongs there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "packet.h"

static struct packet p;

static int setup(void **state)
{
	(void)state;
	memset(&p, 0xff, sizeof(p)); /* what is behind `count` is not sent and does not matter */
	p.status = ANSWER_OK;
	p.failure = ANSWER_OK;
	p.asked = 0;
	p.left_out = p.refused = 0;
	p.count = 2;
	for (unsigned i = 0; i < 2; i++) {
		p.target[i] = (struct target){
			.port = 1688, .ttl_s = TTL_MIN_S, .address_count = 1, .host = "kms.example"};
		p.target[i].address[0].s6_addr[0] = 0x20;
	}
	return 0;
}

static bool is_good(void)
{
	return packet_is_good(&p, packet_bytes(&p), 1);
}

static void good_ones(void **state)
{
	(void)state;
	assert_true(is_good());
	p.failure = ANSWER_SERVFAIL;
	p.target[0].address_count = 0;
	p.target[0].incomplete = 1;
	p.target[0].ttl_s = TTL_MAX_S;
	assert_true(is_good());
	p.count = 0;
	for (unsigned status = 1; status < ANSWER_STATUS_COUNT; status++) {
		p.status = status;
		assert_true(is_good());
	}
}

static void lengths(void **state)
{
	(void)state;
	assert_false(packet_is_good(&p, packet_bytes(&p) - 1, 1));
	assert_false(packet_is_good(&p, packet_bytes(&p) + 1, 1));
	assert_false(packet_is_good(&p, 0, 1));
	assert_false(packet_is_good(&p, sizeof(p), 1));
	p.count = TARGETS_MAX + 1;
	assert_false(packet_is_good(&p, packet_bytes(&p), 1));
	p.count = UINT32_MAX;
	assert_false(packet_is_good(&p, packet_bytes(&p), 1));
}

static void assert_refused(void)
{
	assert_false(is_good());
	setup(NULL);
	assert_true(is_good());
}

static void numbers_out_of_range(void **state)
{
	(void)state;
	p.status = ANSWER_STATUS_COUNT, assert_refused();
	p.status = ANSWER_NO_NAME, assert_refused(); /* and yet targets */
	p.count = 0, assert_refused();               /* and yet ANSWER_OK */
	p.failure = ANSWER_STATUS_COUNT, assert_refused();
	p.failure = ANSWER_NO_NAME, assert_refused();
	p.asked = 1, assert_refused();
	p.asked = UINT32_MAX, assert_refused();
	p.left_out = UINT32_MAX, assert_refused();
	p.refused = UINT32_MAX, assert_refused();
	p.target[1].port = 0, assert_refused();
	p.target[1].ttl_s = TTL_MIN_S - 1, assert_refused();
	p.target[1].ttl_s = TTL_MAX_S + 1, assert_refused();
	p.target[1].address_count = ADDRESSES_MAX + 1, assert_refused();
	p.target[1].incomplete = 2, assert_refused();
}

static void hosts_and_addresses(void **state)
{
	static const char *const bad[] = {
		"", ".", "a b", "kms.example.", "a\nb", "192.0.2.1", "-a.example", "a..b"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(p.target[1].host, bad[i]);
		assert_refused();
	}
	memset(p.target[1].host, 'a', sizeof(p.target[1].host)); /* no NUL */
	assert_refused();
	p.target[1].address[0].s6_addr[0] = 0; /* unspecified */
	assert_refused();
	p.target[1].address[0].s6_addr[0] = 0xff; /* multicast */
	assert_refused();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_ones, setup),
		cmocka_unit_test_setup(lengths, setup),
		cmocka_unit_test_setup(numbers_out_of_range, setup),
		cmocka_unit_test_setup(hosts_and_addresses, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
