/* A verdict of the guard stays when more bytes come, and what passes binds to allowed interfaces alone.
 *
 * The first byte of an input says which interfaces are allowed; the rest is the stream. */
#include <sanitizer/asan_interface.h>

#include "fuzz.h"
#include "relay/dcerpc.h"

static const struct uuid known[] = {
	/* 51c82175-844e-4750-b0d8-ec255555bc06, e1af8308-5d1f-11c9-91a4-08002b14a0fa, and one that reads the
	 * same in both byte orders */
	{{0x51, 0xc8, 0x21, 0x75, 0x84, 0x4e, 0x47, 0x50, 0xb0, 0xd8, 0xec, 0x25, 0x55, 0x55, 0xbc, 0x06}},
	{{0xe1, 0xaf, 0x83, 0x08, 0x5d, 0x1f, 0x11, 0xc9, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa}},
	{{0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44}},
};
enum { KNOWN_COUNT = sizeof(known) / sizeof(known[0]) };

static bool same(const struct dcerpc_result *a, const struct dcerpc_result *b)
{
	return a->verdict == b->verdict && a->reason == b->reason && a->value == b->value &&
	       a->has_offered == b->has_offered && memcmp(&a->offered, &b->offered, sizeof(a->offered)) == 0;
}

static void reason_is_printable(const struct dcerpc_result *r)
{
	char message[128];
	struct text t = TEXT(message);
	text_add_dcerpc_reason(&t, r);
	must(!t.overflow && is_printable(message));
	must((r->verdict == DCERPC_REFUSE) == (t.used > 0));
}

/* Whether WIRE is U, by turning U round: the other way than the code under test goes. */
static bool is_on_wire(const uint8_t *wire, const struct uuid *u, bool little)
{
	uint8_t turned[UUID_BYTES];
	memcpy(turned, u->bytes, sizeof(turned));
	if (little) {
		for (size_t i = 0; i < 4; i++)
			turned[i] = u->bytes[3 - i];
		for (size_t i = 0; i < 2; i++) {
			turned[4 + i] = u->bytes[5 - i];
			turned[6 + i] = u->bytes[7 - i];
		}
	}
	return memcmp(wire, turned, sizeof(turned)) == 0;
}

/* The rule, written once more: the bytes are a bind whose contexts are all there and all allowed. */
static bool must_pass(const uint8_t *b, size_t length, const struct uuid *allowed, size_t count)
{
	if (length < 72 || b[0] != 5 || b[1] > 1 || b[2] != 11 || !(b[3] & 1) || b[4] >= 0x20 || b[24] == 0)
		return false;
	bool little = b[4] >= 0x10;
	size_t frag_length = little ? b[8] + b[9] * 256u : b[9] + b[8] * 256u;
	size_t auth_length = little ? b[10] + b[11] * 256u : b[11] + b[10] * 256u;
	size_t at = 28;
	for (unsigned context = 0; context < b[24]; context++) {
		bool found = false;
		if (at + 24 > length || b[at + 2] == 0)
			return false;
		for (size_t i = 0; i < count; i++)
			found = found || is_on_wire(b + at + 4, &allowed[i], little);
		if (!found)
			return false;
		at += 24 + b[at + 2] * 20u;
	}
	return at <= length && at <= DCERPC_BYTES_MAX &&
	       at + (auth_length > 0 ? auth_length + 8 : 0) <= frag_length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uuid allowed[KNOWN_COUNT];
	size_t count = 0;
	uint8_t choice = take_byte(&data, &size);
	for (size_t i = 0; i < KNOWN_COUNT; i++)
		if (choice >> i & 1)
			allowed[count++] = known[i];

	uint8_t *bytes = copy_of(data, size, false);
	struct dcerpc_result longer = dcerpc_look(bytes, size, allowed, count);
	must(longer.verdict != DCERPC_MORE || size < DCERPC_BYTES_MAX);
	reason_is_printable(&longer);
	must((longer.verdict == DCERPC_PASS) == must_pass(bytes, size, allowed, count));
	/* Byte by byte less, in larger steps far behind the first context; what was taken away must not be
	 * looked at. */
	for (size_t length = size; length > 0;) {
		length -= length > 256 + 31 ? 31 : 1;
		ASAN_POISON_MEMORY_REGION(bytes + length, size - length);
		struct dcerpc_result r = dcerpc_look(bytes, length, allowed, count);
		must(r.verdict == DCERPC_MORE ? r.reason == NULL : same(&r, &longer));
		longer = r;
	}
	must(longer.verdict == DCERPC_MORE || size == 0);
	ASAN_UNPOISON_MEMORY_REGION(bytes, size);
	free(bytes);
	return 0;
}
