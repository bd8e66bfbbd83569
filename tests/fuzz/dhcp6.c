/* dhcpcd's DHCPv6, whatever messages come: nothing but what a lease may have is put on the NIC or told to
 * `net`, and when an honest server is there afterwards, its lease is taken.
 *
 * An input is steps: a kind, a length of two bytes (little-endian), and as many bytes. */
#include "dhcpcd.h"

enum { STEPS_MAX = 12, TURNS_MAX = 600, MESSAGE_BYTES_MAX = 2048 };

/* Kinds of steps: a message with the question's number and names in front, one as it is, time, a new start.
 */
enum { ANSWER, MESSAGE, TIMERS, RESTART, KINDS };

/* Of the first step's kind: it comes while the link-local address is still awaited. */
enum { EARLY = 0x80 };

static const uint8_t server_id[] = {0, 2, 0, 10, 0, 3, 0, 1, 0x52, 0x54, 0, 0, 0, 1};
static const uint8_t ours[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};

static void deliver(uint8_t *bytes, size_t length)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_scope_id = INDEX};
	struct iovec part = {bytes, length};
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {.bytes = {0}};
	struct in6_pktinfo info = {.ipi6_ifindex = INDEX};
	struct msghdr message = {&from, sizeof(from), &part, 1, control.bytes, sizeof(control.bytes), 0};
	must(inet_pton(AF_INET6, "fe80::1", &from.sin6_addr) == 1);
	control.head = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
	memcpy(CMSG_DATA(&control.head), &info, sizeof(info));
	dhcp6_recvmsg(&m.context, &message, NULL);
}

/* A message of TYPE with the last question's number, whom it is for, whom it is from, and OPTIONS. */
static void answer(uint8_t type, const uint8_t *options, size_t length)
{
	struct dhcp6_state *s = D6_STATE(m.nic);
	size_t id_bytes = m.context.duid_len, used = 4;
	uint8_t *bytes = malloc(4 + 4 + id_bytes + sizeof(server_id) + length);
	must(bytes != NULL && s != NULL);
	bytes[0] = type;
	memset(bytes + 1, 0, 3);
	if (s->send != NULL)
		memcpy(bytes + 1, (const uint8_t *)s->send + 1, 3);
	memcpy(bytes + used, (uint8_t[]){0, 1, (uint8_t)(id_bytes >> 8), (uint8_t)id_bytes}, 4);
	memcpy(bytes + used + 4, m.context.duid, id_bytes);
	used += 4 + id_bytes;
	memcpy(bytes + used, server_id, sizeof(server_id));
	used += sizeof(server_id);
	if (length > 0)
		memcpy(bytes + used, options, length);
	deliver(bytes, used + length);
	free(bytes);
}

/* A router says that addresses are to be had by DHCPv6. */
static void start(void)
{
	static const uint8_t managed[] = {64, ND_RA_FLAG_MANAGED, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t silent[] = {64, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
	link_local_start();
	ipv6nd_startrs(m.nic);
	hear_router(silent, sizeof(silent), 1);
	hear_router(managed, sizeof(managed), 1);
	must(D6_STATE(m.nic) != NULL);
}

static void step(uint8_t kind, const uint8_t *bytes, size_t length)
{
	if (D6_STATE(m.nic) == NULL)
		kind = RESTART;
	if (kind == ANSWER && length > 0)
		answer(bytes[0], bytes + 1, length - 1);
	if (kind == MESSAGE) {
		uint8_t *copy = copy_of(bytes, length, false);
		deliver(copy, length);
		free(copy);
	}
	for (size_t i = 0; kind == TIMERS && i <= length % 16 && fire_timer(); i++)
		tell_addresses();
	if (kind == RESTART) {
		dhcp6_drop(m.nic, "EXPIRE6");
		start();
	}
	tell_addresses();
}

/* The address that the last question has in its first association, or NULL. */
static const uint8_t *asked(void)
{
	for (size_t at = 4; at + 4 <= m.sent_bytes;) {
		size_t code = m.sent[at] << 8 | m.sent[at + 1], length = m.sent[at + 2] << 8 | m.sent[at + 3];
		if (code == 3 && length >= 12 + 4 + 24 && m.sent[at + 4 + 12 + 1] == 5)
			return m.sent + at + 4 + 12 + 4;
		at += 4 + length;
	}
	return NULL;
}

/* What a server answers that has one address to give; what it does not know, it says is none of its. */
static void serve(void)
{
	/* IA_NA with T1 100 s and T2 160 s, the address for 200 and 300 s; a status code. */
	uint8_t lease[44] = {0, 3, 0, 40, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 160, 0, 5, 0, 24};
	static const uint8_t times[8] = {0, 0, 0, 200, 0, 0, 1, 44};
	static const uint8_t no_binding[] = {
		0, 3, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 2, 0, 3};
	static const uint8_t not_on_link[] = {0, 13, 0, 2, 0, 4};
	uint8_t none[sizeof(no_binding)], type = m.sent_bytes > 4 ? m.sent[0] : 0;
	const uint8_t *wanted = asked();
	bool other = wanted != NULL && memcmp(wanted, ours, 16) != 0;
	m.sent_bytes = 0;
	memcpy(lease + 4, m.options->iaid, 4);
	memcpy(lease + 20, ours, 16);
	memcpy(lease + 36, times, 8);
	memcpy(none, no_binding, sizeof(none));
	memcpy(none + 4, m.options->iaid, 4);
	if (type == DHCP6_SOLICIT)
		answer(DHCP6_ADVERTISE, lease, sizeof(lease));
	else if (type == DHCP6_CONFIRM)
		answer(DHCP6_REPLY, not_on_link, sizeof(not_on_link));
	else if ((type == DHCP6_RENEW || type == DHCP6_REBIND) && other)
		answer(DHCP6_REPLY, none, sizeof(none));
	else if (type == DHCP6_REQUEST || type == DHCP6_RENEW || type == DHCP6_REBIND)
		answer(DHCP6_REPLY, lease, sizeof(lease));
}

/* Whether ours is held, or one without an end, so that nobody is asked any more. */
static bool served(void)
{
	const struct dhcp6_state *s = D6_CSTATE(m.nic);
	struct ipv6_addr *a;
	if (s->state != DH6S_BOUND)
		return false;
	TAILQ_FOREACH(a, &s->addrs, next)
	if (memcmp(&a->addr, ours, 16) == 0 && (a->flags & IPV6_AF_ADDED))
		return true;
	return m.timer_count == 0 || s->expire == ND6_INFINITE_LIFETIME || s->renew == ND6_INFINITE_LIFETIME;
}

static void an_honest_server_is_heard(void)
{
	if (D6_STATE(m.nic) == NULL)
		start();
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		serve();
		tell_addresses();
		if (served())
			return;
		must(fire_timer());
		tell_addresses();
	}
	must(!"an honest server is heard");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool early = size > 0 && (data[0] & EARLY) != 0;
	nic_start();
	if (early)
		must(dhcp6_start(m.nic, DH6S_INIT) == 0 && D6_STATE(m.nic) != NULL);
	else
		start();
	for (int steps = 0; size > 0 && steps < STEPS_MAX; steps++) {
		uint8_t kind = take_byte(&data, &size) % KINDS;
		size_t length = take_byte(&data, &size);
		length |= (size_t)take_byte(&data, &size) << 8;
		length = length < size ? length : size;
		length = length < MESSAGE_BYTES_MAX ? length : MESSAGE_BYTES_MAX;
		/* Before there is an address, all that can come is a message. */
		step(early ? MESSAGE : kind, data, length);
		if (early)
			start();
		early = false;
		data += length;
		size -= length;
	}
	an_honest_server_is_heard();
	nic_stop();
	return 0;
}
