/* An answer is read as RFC 1035 and 2782 have it; what does not belong in one is left out, or refuses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "answer.h"
#include "message.h"

#define NAME "_vlmcs._tcp.example.org"

static struct answer_services services;
static struct answer_addresses addresses;

/* From memory of exactly that size, so that the sanitizer sees one byte too many. */
static enum answer_status read_services(void)
{
	uint8_t *bytes = malloc(m.used > 0 ? m.used : 1);
	memcpy(bytes, m.bytes, m.used);
	enum answer_status status = answer_read_services(&services, bytes, m.used, NAME);
	free(bytes);
	return status;
}

static enum answer_status read_addresses(const char *name, int family)
{
	uint8_t *bytes = malloc(m.used);
	memcpy(bytes, m.bytes, m.used);
	enum answer_status status = answer_read_addresses(&addresses, bytes, m.used, name, family);
	free(bytes);
	return status;
}

static void begin(void)
{
	begin_message(NAME, ns_t_srv, ns_r_noerror);
}

static void assert_service(unsigned i, const char *host, unsigned priority, unsigned weight, unsigned port)
{
	assert_true(i < services.count);
	assert_string_equal(services.list[i].host, host);
	assert_int_equal(services.list[i].priority, priority);
	assert_int_equal(services.list[i].weight, weight);
	assert_int_equal(services.list[i].port, port);
}

static void services_in_order_with_the_smallest_ttl(void **state)
{
	(void)state;
	begin();
	add_srv(NAME, 300, 10, 5, 1688, "light.example.org");
	add_srv(NAME, 60, 10, 50, 1689, "heavy.example.org");
	add_srv("_VLMCS._TCP.Example.ORG", 600, 0, 0, 65535, "First.example.org");
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.count, 3);
	assert_service(0, "First.example.org", 0, 0, 65535);
	assert_service(1, "heavy.example.org", 10, 50, 1689);
	assert_service(2, "light.example.org", 10, 5, 1688);
	assert_int_equal(services.ttl_s, 60);
	assert_int_equal(services.left_out + services.refused, 0);
}

static void compressed_names(void **state)
{
	(void)state;
	begin();
	size_t at = begin_srv(NAME, 60, 0, 0, 1688);
	add_label("kms", 3);
	add16(0xc000 | 24); /* example.org of the question: 12 + 7 + 5 */
	end_record(at);
	assert_int_equal(read_services(), ANSWER_OK);
	assert_service(0, "kms.example.org", 0, 0, 1688);
}

static void owner_class_and_type_must_be_those_asked_for(void **state)
{
	(void)state;
	begin();
	add_srv("_vlmcs._tcp.example.com", 60, 0, 0, 1688, "other-owner.example");
	size_t at = begin_record(NAME, ns_t_srv, ns_c_chaos, 60);
	add16(0), add16(0), add16(1688), add_name("other-class.example");
	end_record(at);
	at = begin_record(NAME, ns_t_txt, ns_c_in, 60);
	add16(0), add16(0), add16(1688), add_name("other-type.example");
	end_record(at);
	assert_int_equal(read_services(), ANSWER_NO_DATA);
	assert_int_equal(services.count, 0);
	begin_message("_vlmcs._tcp.example.com", ns_t_srv, ns_r_noerror);
	add_srv(NAME, 60, 0, 0, 1688, "other-question.example");
	assert_int_equal(read_services(), ANSWER_MALFORMED);
	begin_message(NAME, ns_t_a, ns_r_noerror);
	add_srv(NAME, 60, 0, 0, 1688, "other-question.example");
	assert_int_equal(read_services(), ANSWER_MALFORMED);
}

static void cnames_in_any_order(void **state)
{
	(void)state;
	begin();
	add_cname("b.example", "c.example", 20);
	add_srv("c.example", 300, 0, 0, 1688, "kms.example");
	add_srv("b.example", 1, 0, 0, 1688, "not-at-the-end.example");
	add_cname(NAME, "B.example", 300);
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.count, 1);
	assert_service(0, "kms.example", 0, 0, 1688);
	assert_int_equal(services.ttl_s, 20);
}

static void cname_that_leads_out_of_the_answer(void **state)
{
	(void)state;
	begin();
	add_cname(NAME, "elsewhere.example", 20);
	assert_int_equal(read_services(), ANSWER_NO_DATA);
}

static void cname_loops_and_long_chains(void **state)
{
	char from[32], to[32];
	(void)state;
	begin();
	add_cname(NAME, "b.example", 20);
	add_cname("b.example", NAME, 20);
	add_srv(NAME, 300, 0, 0, 1688, "kms.example");
	assert_int_equal(read_services(), ANSWER_MALFORMED);
	begin();
	add_cname(NAME, NAME, 20);
	assert_int_equal(read_services(), ANSWER_MALFORMED);
	for (int length = 16; length <= 17; length++) {
		begin();
		for (int i = 1; i <= length; i++) {
			snprintf(from, sizeof(from), "n%d.example", i - 1);
			snprintf(to, sizeof(to), "n%d.example", i);
			add_cname(i == 1 ? NAME : from, to, 20);
		}
		add_srv(to, 300, 0, 0, 1688, "kms.example");
		assert_int_equal(read_services(), length == 16 ? ANSWER_OK : ANSWER_MALFORMED);
	}
}

static void hundred_records(void **state)
{
	char host[32];
	(void)state;
	begin();
	for (unsigned i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "h%u.example.org", i);
		add_srv(NAME, 60, 99 - i, 0, 1688, host);
	}
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.count, TARGETS_MAX);
	assert_int_equal(services.left_out, 100 - TARGETS_MAX);
	assert_service(0, "h99.example.org", 0, 0, 1688);
	assert_service(TARGETS_MAX - 1, "h68.example.org", TARGETS_MAX - 1, 0, 1688);
}

static void same_record_twice_is_one(void **state)
{
	(void)state;
	begin();
	add_srv(NAME, 60, 0, 0, 1688, "kms.example");
	add_srv(NAME, 60, 0, 0, 1688, "KMS.example");
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.count, 1);
}

static void root_target_means_no_service(void **state)
{
	(void)state;
	begin();
	add_srv(NAME, 60, 0, 0, 0, "");
	assert_int_equal(read_services(), ANSWER_NO_SERVICE);
	add_srv(NAME, 60, 0, 0, 1688, "kms.example");
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.count, 1);
}

static void port_zero_is_refused(void **state)
{
	(void)state;
	begin();
	add_srv(NAME, 60, 0, 0, 0, "kms.example");
	assert_int_equal(read_services(), ANSWER_ALL_REFUSED);
	assert_int_equal(services.refused, 1);
}

/* A record whose target is one label of these bytes, under example. */
static void add_hostile(const char *label, size_t length)
{
	size_t at = begin_srv(NAME, 60, 0, 0, 1688);
	add_label(label, length);
	add_name("example");
	end_record(at);
}

#define ADD_HOSTILE(label) add_hostile("" label, sizeof(label) - 1)

static void hostile_names_are_refused(void **state)
{
	char long_name[300] = "";
	(void)state;
	begin();
	ADD_HOSTILE("good.evil");
	ADD_HOSTILE("good\0evil");
	ADD_HOSTILE("\0");
	ADD_HOSTILE("line\nupstream");
	ADD_HOSTILE("\x1b[2J");
	ADD_HOSTILE("two words");
	ADD_HOSTILE("a,192");
	ADD_HOSTILE("a\\.b");
	ADD_HOSTILE("\xc3\xa9");
	ADD_HOSTILE("-");
	size_t at = begin_srv(NAME, 60, 0, 0, 1688);
	add_name("192.0.2.1"); /* an address is no name */
	end_record(at);
	for (int i = 0; i < 127; i++) /* 253 characters fit, these do not */
		strcat(long_name, i == 126 ? "abc" : "a.");
	at = begin_srv(NAME, 60, 0, 0, 1688);
	add_name(long_name);
	end_record(at);
	assert_int_equal(read_services(), ANSWER_ALL_REFUSED);
	assert_int_equal(services.refused, 12);
	add_srv(NAME, 60, 0, 0, 1688, "kms.example");
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.count, 1);
	assert_int_equal(services.refused, 12);
}

static void longest_name(void **state)
{
	char name[300] = "";
	(void)state;
	begin();
	for (int i = 0; i < 127; i++)
		strcat(name, i == 126 ? "a" : "a.");
	add_srv(NAME, 60, 0, 0, 1688, name);
	assert_int_equal(strlen(name), 253);
	assert_int_equal(read_services(), ANSWER_OK);
	assert_service(0, name, 0, 0, 1688);
}

static void compression_loops(void **state)
{
	(void)state;
	/* to itself; forward; to a place that points back here; past the end */
	for (int kind = 0; kind < 4; kind++) {
		begin();
		size_t at = begin_srv(NAME, 60, 0, 0, 1688), here = m.used;
		if (kind == 2) {
			add_label("a", 1);
			add16((unsigned)(0xc000 | here));
		} else {
			add16((unsigned)(0xc000 | (kind == 0 ? here : kind == 1 ? here + 2 : 0x3fff)));
		}
		end_record(at);
		assert_int_equal(read_services(), ANSWER_ALL_REFUSED);
		assert_int_equal(services.refused, 1);
	}
	begin();
	add_srv(NAME, 60, 0, 0, 1688, "kms.example");
	count_answer();
	add16((unsigned)(0xc000 |
			 m.used)); /* an owner that points to itself: no record of its own can be read */
	add16(ns_t_srv), add16(ns_c_in), add32(60), add16(0);
	assert_int_equal(read_services(), ANSWER_MALFORMED);
	begin();
	count_answer();
	add16((unsigned)(0xc000 | m.used));
	add16(ns_t_srv), add16(ns_c_in), add32(60), add16(0);
	assert_int_equal(read_services(), ANSWER_MALFORMED);
}

static void data_of_a_wrong_length(void **state)
{
	(void)state;
	begin();
	size_t at = begin_srv(NAME, 60, 0, 0, 1688);
	end_record(at); /* no name */
	at = begin_srv(NAME, 60, 0, 0, 1688);
	add_name("kms.example");
	add8(0);
	end_record(at); /* a byte more than the name */
	at = begin_srv(NAME, 60, 0, 0, 1688);
	add_name("kms.example");
	set16(at, (unsigned)(m.used - at - 2 - 4)); /* ends within the name */
	m.used -= 4;
	at = begin_record(NAME, ns_t_srv, ns_c_in, 60);
	add16(1);
	end_record(at);
	assert_int_equal(read_services(), ANSWER_ALL_REFUSED);
	assert_int_equal(services.refused, 4);
}

static void every_cut_is_malformed(void **state)
{
	(void)state;
	begin();
	add_cname(NAME, "b.example", 20);
	add_srv("b.example", 60, 0, 0, 1688, "kms.example");
	size_t whole = m.used;
	for (m.used = 0; m.used < whole; m.used++)
		assert_int_equal(read_services(), ANSWER_MALFORMED);
	m.used = whole;
	assert_int_equal(read_services(), ANSWER_OK);
}

static void codes_and_flags(void **state)
{
	static const struct {
		unsigned code;
		enum answer_status status;
	} codes[] = {{ns_r_nxdomain, ANSWER_NO_NAME}, {ns_r_servfail, ANSWER_SERVFAIL},
		{ns_r_refused, ANSWER_REFUSED}, {ns_r_formerr, ANSWER_ERROR}, {ns_r_notimpl, ANSWER_ERROR}};
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		begin_message(NAME, ns_t_srv, codes[i].code);
		assert_int_equal(read_services(), codes[i].status);
		/* What the header alone says is taken for words only: it never says that there is none. */
		assert_int_equal(answer_read_failure(m.bytes, m.used),
			codes[i].code == ns_r_nxdomain ? ANSWER_SILENT : codes[i].status);
	}
	begin();
	add_srv(NAME, 60, 0, 0, 1688, "kms.example");
	m.bytes[2] |= 2; /* TC */
	assert_int_equal(read_services(), ANSWER_TRUNCATED);
	assert_int_equal(answer_read_failure(m.bytes, m.used), ANSWER_TRUNCATED);
	m.bytes[2] = 1; /* a question */
	assert_int_equal(read_services(), ANSWER_MALFORMED);
	assert_int_equal(answer_read_failure(m.bytes, m.used), ANSWER_SILENT);
	assert_int_equal(answer_read_failure(m.bytes, 11), ANSWER_SILENT);
}

static void ttls(void **state)
{
	(void)state;
	begin();
	add_srv(NAME, UINT32_C(0x80000001), 0, 0, 1688, "kms.example");
	assert_int_equal(read_services(), ANSWER_OK);
	assert_int_equal(services.ttl_s, 0);
	assert_int_equal(answer_bound_ttl(0), 5);
	assert_int_equal(answer_bound_ttl(5), 5);
	assert_int_equal(answer_bound_ttl(6), 6);
	assert_int_equal(answer_bound_ttl(3600), 3600);
	assert_int_equal(answer_bound_ttl(UINT32_MAX), 3600);
}

static void addresses_of_both_families(void **state)
{
	static const uint8_t ipv4[] = {192, 0, 2, 1}, ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	(void)state;
	begin_message("kms.example", ns_t_a, ns_r_noerror);
	add_cname("kms.example", "host.example", 7);
	add_address("host.example", ns_t_a, 60, ipv4, sizeof(ipv4));
	add_address("host.example", ns_t_a, 60, ipv4, sizeof(ipv4));
	add_address("other.example", ns_t_a, 60, "\x7f\0\0\1", 4);
	add_address("host.example", ns_t_a, 60, ipv6, sizeof(ipv6));
	assert_int_equal(read_addresses("kms.example", AF_INET), ANSWER_OK);
	assert_int_equal(addresses.count, 1);
	assert_int_equal(addresses.refused, 1);
	assert_int_equal(addresses.ttl_s, 7);
	assert_true(IN6_IS_ADDR_V4MAPPED(&addresses.list[0]));
	assert_memory_equal(&addresses.list[0].s6_addr[12], ipv4, 4);

	begin_message("kms.example", ns_t_aaaa, ns_r_noerror);
	add_address("kms.example", ns_t_aaaa, 60, ipv6, sizeof(ipv6));
	assert_int_equal(read_addresses("kms.example", AF_INET6), ANSWER_OK);
	assert_memory_equal(&addresses.list[0], ipv6, 16);
	assert_int_equal(read_addresses("kms.example", AF_INET), ANSWER_MALFORMED);
}

static void addresses_that_no_host_has(void **state)
{
	static const uint8_t bad4[][4] = {{0}, {0, 1, 2, 3}, {127, 0, 0, 1}, {127, 255, 255, 255},
		{169, 254, 169, 254}, {224, 0, 0, 1}, {239, 255, 255, 255}, {240, 0, 0, 1},
		{255, 255, 255, 255}};
	static const uint8_t bad6[][16] = {{0}, {[15] = 1}, {[12] = 127, [15] = 1},
		{[12] = 192, [14] = 2, [15] = 1}, {0, 0x64, 0xff, 0x9b, [12] = 127, [15] = 1},
		{0, 0x64, 0xff, 0x9b, [12] = 169, 254, 169, 254}, {0xff, 0x02, [15] = 1},
		{0xfe, 0x80, [15] = 1}, {[10] = 0xff, 0xff, [12] = 192, [14] = 2, [15] = 1}};
	static const uint8_t good6[16] = {0, 0x64, 0xff, 0x9b, [12] = 192, [14] = 2, [15] = 1};
	(void)state;
	begin_message("kms.example", ns_t_a, ns_r_noerror);
	for (size_t i = 0; i < sizeof(bad4) / sizeof(bad4[0]); i++)
		add_address("kms.example", ns_t_a, 60, bad4[i], 4);
	assert_int_equal(read_addresses("kms.example", AF_INET), ANSWER_ALL_REFUSED);
	assert_int_equal(addresses.refused, sizeof(bad4) / sizeof(bad4[0]));
	add_address("kms.example", ns_t_a, 60, "\x7e\0\0\1", 4);
	assert_int_equal(read_addresses("kms.example", AF_INET), ANSWER_OK);
	assert_int_equal(addresses.count, 1);

	begin_message("kms.example", ns_t_aaaa, ns_r_noerror);
	for (size_t i = 0; i < sizeof(bad6) / sizeof(bad6[0]); i++)
		add_address("kms.example", ns_t_aaaa, 60, bad6[i], 16);
	assert_int_equal(read_addresses("kms.example", AF_INET6), ANSWER_ALL_REFUSED);
	assert_int_equal(addresses.refused, sizeof(bad6) / sizeof(bad6[0]));
	add_address("kms.example", ns_t_aaaa, 60, good6, 16);
	assert_int_equal(read_addresses("kms.example", AF_INET6), ANSWER_OK);
	assert_int_equal(addresses.count, 1);
}

static void too_many_addresses_are_counted(void **state)
{
	(void)state;
	begin_message("kms.example", ns_t_a, ns_r_noerror);
	for (uint8_t i = 1; i <= 20; i++)
		add_address("kms.example", ns_t_a, 60, (uint8_t[]){192, 0, 2, i}, 4);
	assert_int_equal(read_addresses("kms.example", AF_INET), ANSWER_OK);
	assert_int_equal(addresses.count, ADDRESSES_MAX);
	assert_int_equal(addresses.left_out, 12);
	assert_int_equal(addresses.list[0].s6_addr[15], 1); /* the server's order stays */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_in_order_with_the_smallest_ttl),
		cmocka_unit_test(compressed_names),
		cmocka_unit_test(owner_class_and_type_must_be_those_asked_for),
		cmocka_unit_test(cnames_in_any_order),
		cmocka_unit_test(cname_that_leads_out_of_the_answer),
		cmocka_unit_test(cname_loops_and_long_chains),
		cmocka_unit_test(hundred_records),
		cmocka_unit_test(same_record_twice_is_one),
		cmocka_unit_test(root_target_means_no_service),
		cmocka_unit_test(port_zero_is_refused),
		cmocka_unit_test(hostile_names_are_refused),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(compression_loops),
		cmocka_unit_test(data_of_a_wrong_length),
		cmocka_unit_test(every_cut_is_malformed),
		cmocka_unit_test(codes_and_flags),
		cmocka_unit_test(ttls),
		cmocka_unit_test(addresses_of_both_families),
		cmocka_unit_test(addresses_that_no_host_has),
		cmocka_unit_test(too_many_addresses_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
