/* dhcpcd's router advertisements, whatever packets come: of a prefix for addresses there is one, whatever
 * other routers say of the prefix; `net` is told no more than it can hold, what is advertised runs out, and
 * an honest router is heard afterwards.
 *
 * An input is steps: a kind, a length of two bytes (little-endian), and as many bytes. The kind has the
 * router's number in its upper half. */
#include "dhcpcd.h"

enum {
	STEPS_MAX = 24,
	PACKET_BYTES_MAX = 1600,
	TIMERS_AT_END = 20000,
	HONEST = 0xff,
	LINK_ROUTERS_MAX = 8,
	LINK_PREFIXES_MAX = 12,
	TWO_HOURS_MS = 7200000,
};

/* Kinds of steps: the body of an advertisement, a packet as it is, one from afar, time. */
enum { ADVERTISEMENT, PACKET, FROM_AFAR, TIMERS, KINDS };

static unsigned long long acquired_ms(const struct ra *ra)
{
	return (unsigned long long)ra->acquired.tv_sec * 1000 +
	       (unsigned long long)ra->acquired.tv_nsec / 1000000;
}

/* How long an address of PREFIX is valid at least, by what RA says last; 0: it says nothing of one (RFC 4862
 * 5.5.3). */
static uint32_t valid_s(const struct ra *ra, const struct in6_addr *prefix)
{
	struct nd_opt_prefix_info option;
	uint32_t last_s = 0;
	for (size_t at = sizeof(struct nd_router_advert); at < ra->data_len; at += ra->data[at + 1] * 8u) {
		if (ra->data[at] != ND_OPT_PREFIX_INFORMATION || ra->data[at + 1] != sizeof(option) / 8)
			continue;
		memcpy(&option, ra->data + at, sizeof(option));
		uint32_t this_s = ntohl(option.nd_opt_pi_valid_time);
		if (option.nd_opt_pi_prefix_len == 64 && this_s > 0 &&
			(option.nd_opt_pi_flags_reserved & ND_OPT_PI_FLAG_AUTO) != 0 &&
			ntohl(option.nd_opt_pi_preferred_time) <= this_s &&
			memcmp(&option.nd_opt_pi_prefix, prefix, sizeof(*prefix)) == 0)
			last_s = this_s;
	}
	return last_s;
}

/* The first that was heard after AFTER_MS, NULL: none. Each was heard at a time of its own. */
static const struct ra *heard_after(unsigned long long after_ms)
{
	const struct ra *ra, *first = NULL;
	TAILQ_FOREACH(ra, m.context.ra_routers, next)
	if (!ra->expired && acquired_ms(ra) > after_ms &&
		(first == NULL || acquired_ms(ra) < acquired_ms(first)))
		first = ra;
	return first;
}

/* Until when an address of PREFIX is valid at least, by what each router said last, in their order: what is
 * told shortens nothing to less than two hours (RFC 4862 5.5.3 e). */
static unsigned long long valid_until_ms(const struct in6_addr *prefix)
{
	unsigned long long until_ms = 0;
	for (const struct ra *ra = heard_after(0); ra != NULL; ra = heard_after(acquired_ms(ra))) {
		unsigned long long at_ms = acquired_ms(ra), told_ms = valid_s(ra, prefix) * 1000ull;
		unsigned long long left_ms = until_ms > at_ms ? until_ms - at_ms : 0;
		if (told_ms > TWO_HOURS_MS || told_ms > left_ms)
			until_ms = at_ms + told_ms;
		else if (told_ms > 0 && left_ms > TWO_HOURS_MS)
			until_ms = at_ms + TWO_HOURS_MS;
	}
	return until_ms;
}

static bool has_address(const struct in6_addr *prefix)
{
	for (size_t i = 0; i < ADDRESSES_MAX; i++)
		if (is_held(&m.held[i]) && memcmp(&m.held[i].ip, prefix, 8) == 0)
			return true;
	return false;
}

/* Of each prefix that is kept. */
static void judge_addresses(void)
{
	const struct ra *ra;
	const struct ipv6_addr *a;
	size_t prefixes = 0;
	TAILQ_FOREACH(ra, m.context.ra_routers, next)
	TAILQ_FOREACH(a, &ra->addrs, next)
	{
		prefixes++;
		if (a->prefix_len == 64 && valid_until_ms(&a->prefix) > m.now_ms)
			must(has_address(&a->prefix));
	}
	must(prefixes <= LINK_PREFIXES_MAX);
}

static void step(uint8_t kind, const uint8_t *bytes, size_t length)
{
	uint8_t router = kind >> 4;
	kind = (kind & 15) % KINDS;
	m.now_ms++;
	if (kind == ADVERTISEMENT)
		hear_router(bytes, length, router);
	if (kind == PACKET || kind == FROM_AFAR) {
		uint8_t *copy = copy_of(bytes, length, false);
		hear_icmp6(copy, length, router, kind == PACKET ? 255 : 64);
		free(copy);
	}
	for (size_t i = 0; kind == TIMERS && i <= length % 16 && fire_timer(); i++) {
		tell_addresses();
		judge_addresses();
	}
	tell_addresses();
	judge_addresses();
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
	m.now_ms++;
	hear_router(body, sizeof(body), HONEST);
	tell_addresses();
	judge_addresses();
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
		judge_addresses();
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
