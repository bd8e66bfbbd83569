/* Whatever bytes a name server sends, what is read from them can be used: src/resolver/answer.c. The first
 * byte chooses the question, the rest is the answer. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void read_services(const uint8_t *bytes, size_t length)
{
	static struct answer_services a;
	enum answer_status status = answer_read_services(&a, bytes, length, "_vlmcs._tcp.example.org");
	expect((status == ANSWER_OK) == (a.count > 0));
	expect(a.count <= TARGETS_MAX && (a.left_out == 0 || a.count == TARGETS_MAX));
	for (unsigned i = 0; i < a.count; i++) {
		const struct answer_service *s = &a.list[i];
		expect(host_name_valid(s->host, strlen(s->host)) && s->host[strlen(s->host) - 1] != '.');
		expect(s->port != 0);
		expect(i == 0 || s[-1].priority < s->priority ||
			(s[-1].priority == s->priority && s[-1].weight >= s->weight));
	}
}

static void read_addresses(const uint8_t *bytes, size_t length, int family)
{
	struct answer_addresses a;
	enum answer_status status = answer_read_addresses(&a, bytes, length, "kms.example.org", family);
	expect((status == ANSWER_OK) == (a.count > 0));
	expect(a.count <= ADDRESSES_MAX);
	for (unsigned i = 0; i < a.count; i++)
		expect(answer_is_host_address(&a.list[i]) &&
			(IN6_IS_ADDR_V4MAPPED(&a.list[i]) != 0) == (family == AF_INET));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length == 0)
		return 0;
	if (bytes[0] % 3 == 0)
		read_services(bytes + 1, length - 1);
	else
		read_addresses(bytes + 1, length - 1, bytes[0] % 3 == 1 ? AF_INET : AF_INET6);
	expect(!answer_is_final(answer_read_failure(bytes + 1, length - 1)));
	return 0;
}
