/* dhcpcd's DHCPv4, whatever frames come: nothing but what a lease may have is put on the NIC or told to
 * `net`, and when an honest server is there afterwards, its lease is taken.
 *
 * An input is steps: a kind, a length of two bytes (little-endian), and as many bytes. */
#include "dhcpcd.h"

enum {
	STEPS_MAX = 12,
	TURNS_MAX = 400,
	PAYLOAD_BYTES_MAX = 1472,
	ROOM_BYTES = 4, /* dhcpcd's own buffer is larger than a frame, and what is short is filled up */
};

/* Kinds of steps, by their lowest bits. */
enum { ANSWER, STRANGER, FRAME, RAW_FRAME, UNICAST, TIMERS, RESTART, KINDS };

static const uint8_t server[4] = {192, 0, 2, 1}, ours[4] = {192, 0, 2, 100};

static uint16_t sum(const void *bytes, size_t length, uint32_t before)
{
	const uint8_t *b = bytes;
	for (size_t i = 0; i < length; i++)
		before += i % 2 ? b[i] : (uint32_t)b[i] << 8;
	while (before >> 16 != 0)
		before = (before & 0xffff) + (before >> 16);
	return (uint16_t)~before;
}

/* BOOTP in UDP, IP and Ethernet, as it comes from the packet socket. */
static void deliver(const uint8_t *bootp, size_t length)
{
	struct ip ip = {.ip_hl = 5, .ip_v = 4, .ip_ttl = 64, .ip_p = IPPROTO_UDP};
	uint16_t udp[4] = {htons(67), htons(68), htons((uint16_t)(length + 8)), 0};
	uint8_t *frame = calloc(1, 14 + sizeof(ip) + sizeof(udp) + length + ROOM_BYTES);
	must(frame != NULL);
	ip.ip_len = htons((uint16_t)(sizeof(ip) + sizeof(udp) + length));
	memcpy(&ip.ip_src, server, 4);
	memset(&ip.ip_dst, 0xff, 4);
	ip.ip_sum = htons(sum(&ip, sizeof(ip), 0));
	memcpy(frame + 14, &ip, sizeof(ip));
	memcpy(frame + 14 + sizeof(ip), udp, sizeof(udp));
	if (length > 0)
		memcpy(frame + 14 + sizeof(ip) + sizeof(udp), bootp, length);
	dhcp_packet(m.nic, frame, 14 + sizeof(ip) + sizeof(udp) + length, 0);
	free(frame);
}

/* BOOTP from the socket of the address that is held. */
static void deliver_unicast(uint8_t *bootp, size_t length)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct iovec part = {bootp, length};
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {.bytes = {0}};
	struct in_pktinfo info = {.ipi_ifindex = INDEX};
	struct msghdr message = {&from, sizeof(from), &part, 1, control.bytes, sizeof(control.bytes), 0};
	memcpy(&from.sin_addr, server, 4);
	control.head = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
	memcpy(CMSG_DATA(&control.head), &info, sizeof(info));
	dhcp_recvmsg(&m.context, &message);
}

/* The question's number and hardware address: a stranger who answers everybody sees them. */
static void answer_the_question(uint8_t *bootp, size_t length)
{
	if (length < 44 || D_STATE(m.nic) == NULL)
		return;
	uint32_t xid = htonl(D_STATE(m.nic)->xid);
	memcpy(bootp + 4, &xid, sizeof(xid));
	memcpy(bootp + 28, m.nic->hwaddr, m.nic->hwlen);
}

/* The sums of a frame whose headers may be anything, and what makes it an answer. */
static void mend_frame(uint8_t *frame, size_t length)
{
	struct ip ip;
	if (length < 14 + sizeof(ip))
		return;
	memcpy(&ip, frame + 14, sizeof(ip));
	size_t header = ip.ip_hl * 4u;
	if (header < sizeof(ip) || length < 14 + header + 8)
		return;
	ip.ip_sum = 0;
	memcpy(frame + 14, &ip, sizeof(ip));
	ip.ip_sum = htons(sum(frame + 14, header, 0));
	memcpy(frame + 14, &ip, sizeof(ip));
	memset(frame + 14 + header + 6, 0, 2);
	answer_the_question(frame + 14 + header + 8, length - 14 - header - 8);
}

static void start(void)
{
	must(ipv4_getstate(m.nic) != NULL);
	dhcp_start(m.nic);
}

static void step(uint8_t kind, const uint8_t *bytes, size_t length)
{
	uint8_t *copy = calloc(1, length + ROOM_BYTES);
	must(copy != NULL);
	if (length > 0)
		memcpy(copy, bytes, length);
	if (kind == ANSWER || kind == UNICAST)
		answer_the_question(copy, length);
	if (kind == FRAME)
		mend_frame(copy, length);
	if (kind == ANSWER || kind == STRANGER)
		deliver(copy, length);
	else if (kind == FRAME || kind == RAW_FRAME)
		dhcp_packet(m.nic, copy, length, 0);
	else if (kind == UNICAST)
		deliver_unicast(copy, length);
	for (size_t i = 0; kind == TIMERS && i <= length % 16 && fire_timer(); i++)
		tell_addresses();
	if (kind == RESTART) {
		dhcp_drop(m.nic, "EXPIRE");
		start();
	}
	free(copy);
	tell_addresses();
}

/* The value of option CODE in the last question, or NULL. */
static const uint8_t *asked(uint8_t code)
{
	for (size_t at = 240; at + 2 <= m.sent_bytes && m.sent[at] != 255; at += 2u + m.sent[at + 1])
		if (m.sent[at] == 0)
			at--;
		else if (m.sent[at] == code && at + 2 + m.sent[at + 1] <= m.sent_bytes)
			return m.sent + at + 2;
	return NULL;
}

/* What a server answers that has one address to give. */
static void serve(void)
{
	static const uint8_t options[] = {99, 130, 83, 99, 53, 1, 0, 54, 4, 192, 0, 2, 1, 51, 4, 0, 0, 2, 0,
		1, 4, 255, 255, 255, 0, 3, 4, 192, 0, 2, 1, 255};
	uint8_t answer[240 + 60] = {2, 1, 6};
	const uint8_t *type = asked(53), *wanted = asked(50);
	if (type == NULL || (*type != 1 && *type != 3))
		return;
	if (wanted == NULL)
		wanted = m.sent + 12;
	bool refused = *type == 3 && memcmp(wanted, ours, 4) != 0;
	memcpy(answer + 4, m.sent + 4, 4);
	memcpy(answer + 28, m.sent + 28, 6);
	memcpy(answer + 16, ours, refused ? 0 : 4);
	memcpy(answer + 236, options, sizeof(options));
	answer[242] = *type == 1 ? 2 : refused ? 6 : 5;
	m.sent_bytes = 0;
	deliver(answer, sizeof(answer));
	deliver_unicast(answer, sizeof(answer));
}

/* Whether the lease that is held has no end, so that nobody is asked any more. */
static bool held_for_ever(void)
{
	const struct dhcp_state *s = D_CSTATE(m.nic);
	return s->state == DHS_BOUND && s->lease.leasetime == DHCP_INFINITE_LIFETIME;
}

static void an_honest_server_is_heard(void)
{
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		serve();
		tell_addresses();
		const struct dhcp_state *s = D_CSTATE(m.nic);
		if (held_for_ever() || (s->state == DHS_BOUND && memcmp(&s->lease.addr, ours, 4) == 0 &&
					       strcmp(m.ip_address, "192.0.2.100") == 0))
			return;
		must(fire_timer());
		tell_addresses();
	}
	must(!"an honest server is heard");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nic_start();
	start();
	for (int steps = 0; size > 0 && steps < STEPS_MAX; steps++) {
		uint8_t kind = take_byte(&data, &size) % KINDS;
		size_t length = take_byte(&data, &size);
		length |= (size_t)take_byte(&data, &size) << 8;
		length = length < size ? length : size;
		length = length < PAYLOAD_BYTES_MAX ? length : PAYLOAD_BYTES_MAX;
		step(kind, data, length);
		data += length;
		size -= length;
	}
	an_honest_server_is_heard();
	nic_stop();
	return 0;
}
