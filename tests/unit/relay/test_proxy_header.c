/* The PROXY protocol header has the bytes of the specification's section 2.2, whatever the families are. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/net_text.h"
#include "proxy_header.h"

#define SIGNATURE "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"

struct header {
	uint8_t bytes[PROXY_HEADER_BYTES_MAX];
	size_t length;
};

static struct header header_of(const char *client, const char *server)
{
	struct endpoint from, to;
	struct header h;
	if (!endpoint_parse(&from, client, strlen(client)) || !endpoint_parse(&to, server, strlen(server)))
		fail_msg("no addresses: %s, %s", client, server);
	memset(h.bytes, 0xee, sizeof(h.bytes));
	h.length =
		proxy_header_write(h.bytes, (struct sockaddr *)&from.address, (struct sockaddr *)&to.address);
	return h;
}

static void the_bytes_are_the_specification_s(void **state)
{
	const struct {
		const char *client, *server;
		size_t length;
		const char *bytes;
	} cases[] = {
		{"192.0.2.9:49152", "192.0.2.1:1688", 28,
			SIGNATURE "\x21\x11\x00\x0c\xc0\x00\x02\x09\xc0\x00\x02\x01\xc0\x00\x06\x98"},
		{"[2001:db8::9]:1", "[2001:db8::1]:65535", 52,
			SIGNATURE "\x21\x21\x00\x24"
				  "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09"
				  "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
				  "\x00\x01\xff\xff"},
		/* What accept(2) and getsockname(2) say on a socket for both families. */
		{"[::ffff:192.0.2.9]:49152", "[::ffff:192.0.2.1]:1688", 28,
			SIGNATURE "\x21\x11\x00\x0c\xc0\x00\x02\x09\xc0\x00\x02\x01\xc0\x00\x06\x98"},
		{"[::ffff:192.0.2.9]:49152", "192.0.2.1:1688", 28,
			SIGNATURE "\x21\x11\x00\x0c\xc0\x00\x02\x09\xc0\x00\x02\x01\xc0\x00\x06\x98"},
		{"192.0.2.9:2", "[2001:db8::1]:3", 52,
			SIGNATURE "\x21\x21\x00\x24"
				  "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x09"
				  "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
				  "\x00\x02\x00\x03"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct header h = header_of(cases[i].client, cases[i].server);
		assert_int_equal(h.length, cases[i].length);
		assert_memory_equal(h.bytes, cases[i].bytes, h.length);
	}
}

static void another_family_is_unspecified(void **state)
{
	const struct sockaddr local = {.sa_family = AF_UNIX};
	const struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	uint8_t bytes[PROXY_HEADER_BYTES_MAX];
	(void)state;
	assert_int_equal(proxy_header_write(bytes, &local, (const struct sockaddr *)&ipv4), 16);
	assert_memory_equal(bytes, SIGNATURE "\x21\x00\x00\x00", 16);
	assert_int_equal(proxy_header_write(bytes, (const struct sockaddr *)&ipv4, &local), 16);
	assert_memory_equal(bytes, SIGNATURE "\x21\x00\x00\x00", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_the_specification_s),
		cmocka_unit_test(another_family_is_unspecified),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
