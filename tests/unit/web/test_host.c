/* Names under which the page may be asked for: addresses, and the machine's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host.h"

static struct status state;

static void expect(const char *const *hosts, bool ours)
{
	for (; *hosts != NULL; hosts++)
		if (host_is_ours(*hosts, &state) != ours)
			fail_msg("Host: %s: expected it %s", *hosts, ours ? "taken" : "refused");
}

static void names_and_addresses(void **unused)
{
	static const char *const good[] = {"192.0.2.5", "192.0.2.5:80", "[2001:db8::5]", "[::1]:8080",
		"localhost", "LOCALHOST:8080", "relay1", "Relay1:80", "relay1.", "relay1.corp.example",
		"relay1.branch.example:80", "relay1.corp.example.", NULL};
	static const char *const bad[] = {"", ":80", ".", "evil.example", "relay1.evil.example",
		"relay1.corp.example.evil", "relay1.corp", "xrelay1", "relay10",
		"relay1.corp.example branch.example", "localhost.evil.example", "192.0.2.5.evil.example",
		"192.0.2.0/24", "[2001:db8::5", "[]", "[relay1]", "2001:db8::5", "corp.example", NULL};
	(void)unused;
	strcpy(state.system.hostname, "relay1");
	strcpy(state.resolver.search, "corp.example branch.example");
	assert_true(host_is_ours(NULL, &state));
	expect(good, true);
	expect(bad, false);
}

static void a_host_name_with_a_domain(void **unused)
{
	static const char *const good[] = {"relay1.site.example", "relay1", "relay1.corp.example", NULL};
	static const char *const bad[] = {"relay1.example", "site.example", NULL};
	(void)unused;
	strcpy(state.system.hostname, "relay1.site.example");
	strcpy(state.resolver.search, "corp.example");
	expect(good, true);
	expect(bad, false);
}

static void nothing_is_known_yet(void **unused)
{
	static const char *const good[] = {"192.0.2.5", "localhost", NULL}, *const bad[] = {
										    "", ".", "relay1", NULL};
	(void)unused;
	state.system.hostname[0] = state.resolver.search[0] = '\0';
	expect(good, true);
	expect(bad, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_addresses),
		cmocka_unit_test(a_host_name_with_a_domain),
		cmocka_unit_test(nothing_is_known_yet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
