/* Whatever the two addresses are, a strict reader of the PROXY protocol finds them in the header.
 *
 * An input is a byte for the families, then both addresses and ports. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "fuzz.h"
#include "relay/proxy_header.h"

struct end {
	struct sockaddr_storage storage;
	bool known; /* IPv4 or IPv6 */
	bool ipv4;  /* mapped too */
	uint8_t address[16];
	uint8_t port[2];
};

static void take_end(struct end *e, unsigned family, const uint8_t **data, size_t *size)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	memset(e, 0, sizeof(*e));
	take_bytes(data, size, e->address, sizeof(e->address));
	take_bytes(data, size, e->port, sizeof(e->port));
	e->known = family < 3;
	if (family < 2)
		memcpy(e->address, mapped, sizeof(mapped));
	e->ipv4 = memcmp(e->address, mapped, sizeof(mapped)) == 0;
	memcpy(&in.sin_addr, e->address + 12, 4);
	memcpy(&in.sin_port, e->port, 2);
	memcpy(&in6.sin6_addr, e->address, 16);
	memcpy(&in6.sin6_port, e->port, 2);
	in6.sin6_flowinfo = in6.sin6_scope_id = (uint32_t)*size;
	if (family == 0)
		memcpy(&e->storage, &in, sizeof(in));
	else if (e->known)
		memcpy(&e->storage, &in6, sizeof(in6));
	else
		e->storage.ss_family = family == 3 ? AF_UNIX : AF_UNSPEC;
}

static const uint8_t *expect(const uint8_t *at, const void *bytes, size_t length)
{
	must(memcmp(at, bytes, length) == 0);
	return at + length;
}

static void read_strictly(const uint8_t *header, size_t length, const struct end *from, const struct end *to)
{
	static const uint8_t start[] = {
		0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21};
	bool known = from->known && to->known, ipv4 = known && from->ipv4 && to->ipv4;
	size_t skip = ipv4 ? 12 : 0;
	must(length == (ipv4 ? 28u : known ? 52u : 16u));
	const uint8_t *at = expect(header, start, sizeof(start));
	must(*at++ == (ipv4 ? 0x11 : known ? 0x21 : 0x00));
	must(*at++ == 0 && *at++ == length - 16);
	if (!known)
		return;
	at = expect(at, from->address + skip, 16 - skip);
	at = expect(at, to->address + skip, 16 - skip);
	at = expect(at, from->port, 2);
	at = expect(at, to->port, 2);
	must(at == header + length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end from, to;
	uint8_t families = take_byte(&data, &size);
	take_end(&from, families % 5, &data, &size);
	take_end(&to, families / 5 % 5, &data, &size);
	uint8_t *header = malloc(PROXY_HEADER_BYTES_MAX);
	must(header != NULL);
	size_t length = proxy_header_write(
		header, (const struct sockaddr *)&from.storage, (const struct sockaddr *)&to.storage);
	read_strictly(header, length, &from, &to);
	free(header);
	return 0;
}
