/* A stream passes the guard only when it begins with a DCE/RPC bind to allowed interfaces alone; what cannot
 * be one is refused at its first wrong byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "dcerpc.h"

#define ACTIVATION "51c82175-844e-4750-b0d8-ec255555bc06"
#define MAPPER     "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
#define MANAGEMENT "afa8bd80-7d8a-11c9-bef4-08002b102989"
#define NDR        "8a885d04-1ceb-11c9-9fe8-08002b104860"
#define NDR64      "71710533-beba-4937-8319-b5dbef9ccc36"
#define FEATURES   "6cb71c2c-9812-4540-0300-000000000000"

enum { LITTLE = 0x10, BIG = 0x00, FIRST = 0x01, LAST = 0x02, BIND = 11, ALTER_CONTEXT = 14 };

struct pdu {
	uint8_t bytes[8192];
	size_t used;
};

static struct uuid allowed[2];
static struct pdu pdu;

static bool little(void)
{
	return pdu.bytes[4] == LITTLE;
}

static void put(uint32_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		pdu.bytes[pdu.used++] = (uint8_t)(value >> 8 * (little() ? i : width - 1 - i));
}

static void put_syntax(const char *text, uint32_t version)
{
	struct uuid u;
	assert_true(uuid_parse(&u, text, strlen(text)));
	const uint8_t *b = u.bytes;
	put((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3], 4);
	put((uint32_t)b[4] << 8 | b[5], 2);
	put((uint32_t)b[6] << 8 | b[7], 2);
	memcpy(pdu.bytes + pdu.used, b + 8, 8);
	pdu.used += 8;
	put(version, 4);
}

/* A head whose lengths end_pdu() fills in. */
static void begin_pdu(uint8_t type, uint8_t flags, uint8_t representation, uint8_t context_count)
{
	const uint8_t head[] = {5, 0, type, flags, representation, 0, 0, 0};
	memset(&pdu, 0, sizeof(pdu));
	memcpy(pdu.bytes, head, sizeof(head));
	pdu.used = sizeof(head);
	put(0, 2);
	put(0, 2);
	put(1, 4); /* call_id */
	put(5840, 2);
	put(5840, 2);
	put(0, 4);
	put(context_count, 1);
	pdu.used += 3;
}

static void add_context(uint16_t id, const char *interface, uint8_t transfer_count)
{
	static const char *const transfer[] = {NDR, NDR64, FEATURES};
	put(id, 2);
	put(transfer_count, 1);
	put(0, 1);
	put_syntax(interface, 1);
	for (unsigned i = 0; i < transfer_count; i++)
		put_syntax(transfer[i % 3], i == 0 ? 2 : 1);
}

static void set_lengths(uint16_t frag_length, uint16_t auth_length)
{
	size_t used = pdu.used;
	pdu.used = 8;
	put(frag_length, 2);
	put(auth_length, 2);
	pdu.used = used;
}

static void end_pdu(void)
{
	set_lengths((uint16_t)pdu.used, 0);
}

static void make_bind(uint8_t representation)
{
	begin_pdu(BIND, FIRST | LAST, representation, 2);
	add_context(0, ACTIVATION, 2);
	add_context(1, ACTIVATION, 1);
	end_pdu();
}

static struct dcerpc_result look(size_t length)
{
	return dcerpc_look(pdu.bytes, length, allowed, 2);
}

/* LENGTH bytes are needed for the verdict: with fewer there is none, with more it stays. */
static void assert_verdict_at(size_t length, enum dcerpc_verdict verdict, const char *reason)
{
	char message[160];
	struct text t = TEXT(message);
	assert_true(length <= sizeof(pdu.bytes));
	for (size_t i = 0; i <= pdu.used; i++) {
		struct dcerpc_result r = look(i);
		enum dcerpc_verdict expected = i < length ? DCERPC_MORE : verdict;
		text_clear(&t);
		text_add_dcerpc_reason(&t, &r);
		if (r.verdict != expected)
			fail_msg("after %zu bytes: expected %d, got %d: %s", i, (int)expected, (int)r.verdict,
				message);
		assert_string_equal(message, expected == DCERPC_REFUSE ? reason : "");
	}
	assert_true(pdu.used >= length);
}

static void binds_pass_once_their_contexts_are_read(void **state)
{
	(void)state;
	make_bind(LITTLE);
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);
	make_bind(BIG);
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);
	pdu.bytes[1] = 1; /* rpc_vers_minor */
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);
}

/* As a Windows client sends it: one context each for NDR, NDR64 and bind-time feature negotiation. */
static void bytes_of_a_real_client_pass(void **state)
{
	static const uint8_t bytes[] =
		"\x05\x00\x0b\x03\x10\x00\x00\x00\xa0\x00\x00\x00\x02\x00\x00\x00\xd0\x16\xd0\x16\x00\x00\x00"
		"\x00\x03\x00\x00\x00"
		"\x00\x00\x01\x00\x75\x21\xc8\x51\x4e\x84\x50\x47\xb0\xd8\xec\x25\x55\x55\xbc\x06\x01\x00\x00"
		"\x00\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00"
		"\x01\x00\x01\x00\x75\x21\xc8\x51\x4e\x84\x50\x47\xb0\xd8\xec\x25\x55\x55\xbc\x06\x01\x00\x00"
		"\x00\x33\x05\x71\x71\xba\xbe\x37\x49\x83\x19\xb5\xdb\xef\x9c\xcc\x36\x01\x00\x00\x00"
		"\x02\x00\x01\x00\x75\x21\xc8\x51\x4e\x84\x50\x47\xb0\xd8\xec\x25\x55\x55\xbc\x06\x01\x00\x00"
		"\x00\x2c\x1c\xb7\x6c\x12\x98\x40\x45\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00";
	(void)state;
	assert_int_equal(sizeof(bytes) - 1, 160);
	memcpy(pdu.bytes, bytes, 160);
	pdu.used = 160;
	assert_verdict_at(160, DCERPC_PASS, NULL);
}

static void other_protocols_are_refused_at_once(void **state)
{
	const struct {
		const char *bytes;
		size_t known_at;
		const char *reason;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", 1, "not DCE/RPC: rpc_vers 71"},
		{"\x16\x03\x01\x02", 1, "not DCE/RPC: rpc_vers 22"},
		{"SSH-2.0-x\r\n", 1, "not DCE/RPC: rpc_vers 83"},
		{"\r\n\r\n", 1, "not DCE/RPC: rpc_vers 13"},
		{"\x05\x02\x0b", 2, "not DCE/RPC: rpc_vers_minor 2"},
		{"\x05\x01\x0e\x03", 3, "no bind at first: PDU type 14"},
		{"\x05\x01\x10\x03", 3, "no bind at first: PDU type 16"},
		{"\x05\x01\x0b\x02", 4, "bind without its first fragment: pfc_flags 2"},
		{"\x05\x01\x0b\x03\x20", 5, "no data representation of DCE/RPC: packed_drep 32"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pdu.used = strlen(cases[i].bytes);
		memcpy(pdu.bytes, cases[i].bytes, pdu.used);
		assert_verdict_at(cases[i].known_at, DCERPC_REFUSE, cases[i].reason);
	}
}

/* Each context is looked at: one that is allowed must not take another one along. */
static void other_interfaces_are_refused(void **state)
{
	enum { FIRST_UUID_END = 28 + 4 + 16, CONTEXT_BYTES = 44 };
	static const uint8_t representations[] = {LITTLE, BIG};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin_pdu(BIND, FIRST | LAST, representations[i], 1);
		add_context(0, MAPPER, 1);
		end_pdu();
		assert_verdict_at(FIRST_UUID_END, DCERPC_REFUSE, "bind to another interface " MAPPER);

		begin_pdu(BIND, FIRST | LAST, representations[i], 3);
		add_context(0, ACTIVATION, 1);
		add_context(1, ACTIVATION, 1);
		add_context(2, MAPPER, 1);
		end_pdu();
		assert_verdict_at(FIRST_UUID_END + 2 * CONTEXT_BYTES, DCERPC_REFUSE,
			"bind to another interface " MAPPER);
		struct dcerpc_result r = look(pdu.used);
		struct uuid mapper;
		assert_true(uuid_parse(&mapper, MAPPER, strlen(MAPPER)));
		assert_true(r.has_offered);
		assert_memory_equal(&r.offered, &mapper, sizeof(mapper));
	}
	/* The right bytes in the wrong order. */
	make_bind(LITTLE);
	pdu.bytes[4] = BIG;
	set_lengths((uint16_t)pdu.used, 0);
	assert_verdict_at(FIRST_UUID_END, DCERPC_REFUSE,
		"bind to another interface 7521c851-4e84-5047-b0d8-ec255555bc06");
}

static void several_interfaces_may_be_allowed(void **state)
{
	(void)state;
	begin_pdu(BIND, FIRST | LAST, LITTLE, 2);
	add_context(0, MANAGEMENT, 1);
	add_context(1, ACTIVATION, 3);
	end_pdu();
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);
	assert_int_equal(dcerpc_look(pdu.bytes, pdu.used, allowed, 1).verdict, DCERPC_REFUSE);
	assert_int_equal(dcerpc_look(pdu.bytes, pdu.used, allowed, 0).verdict, DCERPC_REFUSE);
}

static void lengths_are_checked(void **state)
{
	(void)state;
	make_bind(LITTLE);
	set_lengths(71, 0);
	assert_verdict_at(10, DCERPC_REFUSE, "fragment too short for a bind: frag_length 71");
	make_bind(BIG);
	set_lengths(0, 0);
	assert_verdict_at(10, DCERPC_REFUSE, "fragment too short for a bind: frag_length 0");

	/* 28 + 2 contexts of 44 bytes at least: the count alone gives it away. */
	make_bind(LITTLE);
	set_lengths(28 + 2 * 44 - 1, 0);
	assert_verdict_at(25, DCERPC_REFUSE, "presentation contexts longer than the fragment");
	/* The first one has a transfer syntax more. */
	make_bind(LITTLE);
	set_lengths((uint16_t)(pdu.used - 1), 0);
	assert_verdict_at(31, DCERPC_REFUSE, "presentation contexts longer than the fragment");
	make_bind(LITTLE);
	set_lengths((uint16_t)(pdu.used + 1), 0);
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);

	make_bind(LITTLE);
	pdu.bytes[24] = 0;
	assert_verdict_at(25, DCERPC_REFUSE, "bind without a presentation context");
	make_bind(LITTLE);
	pdu.bytes[30] = 0;
	assert_verdict_at(31, DCERPC_REFUSE, "presentation context without a transfer syntax");
}

static void a_fragmented_bind_needs_its_contexts_in_the_first_fragment(void **state)
{
	(void)state;
	make_bind(LITTLE);
	pdu.bytes[3] = FIRST;
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);
	pdu.bytes[24] = 9;
	assert_verdict_at(25, DCERPC_REFUSE, "presentation contexts in several fragments");
	make_bind(BIG);
	pdu.bytes[3] = FIRST;
	set_lengths((uint16_t)(pdu.used - 20), 0);
	assert_verdict_at(31, DCERPC_REFUSE, "presentation contexts in several fragments");
}

/* The token itself is nothing to the guard, and may be longer than what it looks at. */
static void authentication_must_fit(void **state)
{
	enum { SEC_TRAILER = 8 };
	(void)state;
	make_bind(LITTLE);
	size_t contexts_end = pdu.used;
	pdu.used += SEC_TRAILER + 40;
	set_lengths((uint16_t)pdu.used, 40);
	assert_verdict_at(contexts_end, DCERPC_PASS, NULL);
	set_lengths((uint16_t)pdu.used, 41);
	assert_verdict_at(31, DCERPC_REFUSE, "presentation contexts longer than the fragment");
	set_lengths((uint16_t)pdu.used, (uint16_t)(pdu.used - 72 - SEC_TRAILER + 1));
	assert_verdict_at(12, DCERPC_REFUSE, "authentication too long for the fragment: auth_length 105");
	set_lengths((uint16_t)pdu.used, 65535);
	assert_verdict_at(12, DCERPC_REFUSE, "authentication too long for the fragment: auth_length 65535");
	set_lengths(65535, (uint16_t)(65535 - contexts_end - SEC_TRAILER));
	assert_verdict_at(contexts_end, DCERPC_PASS, NULL);
}

static void only_so_many_bytes_are_looked_at(void **state)
{
	enum { FIT = (DCERPC_BYTES_MAX - 28) / 44 };
	(void)state;
	begin_pdu(BIND, FIRST | LAST, LITTLE, FIT);
	for (unsigned i = 0; i < FIT; i++)
		add_context((uint16_t)i, ACTIVATION, 1);
	end_pdu();
	assert_verdict_at(pdu.used, DCERPC_PASS, NULL);
	add_context(FIT, ACTIVATION, 1);
	pdu.bytes[24]++;
	end_pdu();
	assert_verdict_at(25, DCERPC_REFUSE, "presentation contexts beyond byte 4096");

	begin_pdu(BIND, FIRST | LAST, LITTLE, 1);
	add_context(0, ACTIVATION, 255);
	end_pdu();
	assert_verdict_at(31, DCERPC_REFUSE, "presentation contexts beyond byte 4096");
	for (size_t length = DCERPC_BYTES_MAX; length <= sizeof(pdu.bytes); length += 512)
		assert_int_not_equal(look(length).verdict, DCERPC_MORE);
}

/* No single wrong byte makes it read beyond its bytes (the sanitizer sees to that), or open another
 * interface. */
static void any_damage_is_survived(void **state)
{
	static const uint8_t representations[] = {LITTLE, BIG};
	uint8_t exact[256];
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_bind(representations[i]);
		assert_true(pdu.used <= sizeof(exact));
		for (size_t at = 0; at < pdu.used; at++) {
			for (unsigned value = 0; value < 256; value++) {
				uint8_t *copy = exact + sizeof(exact) - pdu.used;
				memcpy(copy, pdu.bytes, pdu.used);
				copy[at] = (uint8_t)value;
				struct dcerpc_result r = dcerpc_look(copy, pdu.used, allowed, 2);
				bool in_uuid = at >= 32 && at < 48;
				assert_false(in_uuid && value != pdu.bytes[at] && r.verdict != DCERPC_REFUSE);
				assert_int_equal(r.verdict == DCERPC_REFUSE, r.reason != NULL);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_pass_once_their_contexts_are_read),
		cmocka_unit_test(bytes_of_a_real_client_pass),
		cmocka_unit_test(other_protocols_are_refused_at_once),
		cmocka_unit_test(other_interfaces_are_refused),
		cmocka_unit_test(several_interfaces_may_be_allowed),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(a_fragmented_bind_needs_its_contexts_in_the_first_fragment),
		cmocka_unit_test(authentication_must_fit),
		cmocka_unit_test(only_so_many_bytes_are_looked_at),
		cmocka_unit_test(any_damage_is_survived),
	};
	if (!uuid_parse(&allowed[0], ACTIVATION, UUID_TEXT_BYTES) ||
		!uuid_parse(&allowed[1], MANAGEMENT, UUID_TEXT_BYTES))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
