/* dhcpcd's router advertisements, whatever packets come: addresses are made of prefixes alone, `net` is told
 * no more than it can hold, what is advertised runs out, and an honest router is heard afterwards.
 *
 * An input is steps: a kind, a length of two bytes (little-endian), and as many bytes. The kind has the
 * router's number in its upper half. */
#include "dhcpcd.h"

enum { STEPS_MAX = 24, PACKET_BYTES_MAX = 1600, TIMERS_AT_END = 20000, HONEST = 0xff, LINK_ROUTERS_MAX = 8 };

/* Kinds of steps: the body of an advertisement, a packet as it is, one from afar, time. */
enum { ADVERTISEMENT, PACKET, FROM_AFAR, TIMERS, KINDS };

static void step(uint8_t kind, const uint8_t *bytes, size_t length)
{
	uint8_t router = kind >> 4;
	kind = (kind & 15) % KINDS;
	if (kind == ADVERTISEMENT)
		hear_router(bytes, length, router);
	if (kind == PACKET || kind == FROM_AFAR) {
		uint8_t *copy = copy_of(bytes, length, false);
		hear_icmp6(copy, length, router, kind == PACKET ? 255 : 64);
		free(copy);
	}
	for (size_t i = 0; kind == TIMERS && i <= length % 16 && fire_timer(); i++)
		tell_addresses();
	tell_addresses();
}

static bool is_honest(const struct ra *ra)
{
	return ra->from.s6_addr[15] == HONEST && !ra->expired;
}

/* A router with a lifetime of 60 s, a prefix for 120 s and a name server for 60 s. */
static void an_honest_router_is_heard(void)
{
	static const uint8_t body[] = {64, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 64, 0xc0, 0, 0, 0, 120, 0,
		0, 0, 60, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 3, 0,
		0, 0, 0, 0, 60, 0x20, 1, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53};
	struct ra *ra;
	size_t routers = 0;
	bool there = false;
	hear_router(body, sizeof(body), HONEST);
	tell_addresses();
	TAILQ_FOREACH(ra, m.context.ra_routers, next)
	{
		routers += !ra->expired;
		there = there || is_honest(ra);
	}
	/* Those in force stay, when there are as many as one link may have. */
	must(routers <= LINK_ROUTERS_MAX && (there || routers == LINK_ROUTERS_MAX));
	must(!there || strcmp(m.reason, "ROUTERADVERT") == 0);
}

/* Without an end are only lifetimes of 2^32 - 1; the rest goes. */
static void what_ends_is_gone(void)
{
	struct ra *ra;
	for (int i = 0; i < TIMERS_AT_END && fire_timer(); i++) {
		tell_addresses();
		bool there = false;
		TAILQ_FOREACH(ra, m.context.ra_routers, next)
		there = there || is_honest(ra);
		if (!there)
			return;
	}
	must(!"a router that is silent goes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nic_start();
	link_local_start();
	ipv6nd_startrs(m.nic);
	for (int steps = 0; size > 0 && steps < STEPS_MAX; steps++) {
		uint8_t kind = take_byte(&data, &size);
		size_t length = take_byte(&data, &size);
		length |= (size_t)take_byte(&data, &size) << 8;
		length = length < size ? length : size;
		length = length < PACKET_BYTES_MAX ? length : PACKET_BYTES_MAX;
		step(kind, data, length);
		data += length;
		size -= length;
	}
	an_honest_router_is_heard();
	what_ends_is_gone();
	nic_stop();
	return 0;
}
