#include "arp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int arp_open(void)
{
	/* Without a protocol no packet is received. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP)};
	if (fd < 0 || (arp_hear(fd, NULL, 0) == 0 && bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int send_arp_request(
	int fd, int ifindex, const uint8_t *mac, const uint8_t *sender, const uint8_t *target)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = ifindex,
		.sll_halen = ETH_ALEN,
		.sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct ether_arp arp = {
		.ea_hdr = {htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST)}};
	memcpy(arp.arp_sha, mac, sizeof(arp.arp_sha));
	memcpy(arp.arp_spa, sender, sizeof(arp.arp_spa));
	memcpy(arp.arp_tpa, target, sizeof(arp.arp_tpa));
	return sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -1 : 0;
}

int arp_announce(int fd, int ifindex, const uint8_t mac[static 6], const uint8_t address[static 4])
{
	return send_arp_request(fd, ifindex, mac, address, address);
}

int arp_probe(int fd, int ifindex, const uint8_t mac[static 6], const uint8_t address[static 4])
{
	static const uint8_t none[4];
	return send_arp_request(fd, ifindex, mac, none, address);
}

/* ld SENDER; jeq each, TAKE; ret 0; TAKE: ret all */
int arp_hear(int fd, const uint8_t (*addresses)[4], size_t count)
{
	struct sock_filter code[ARP_HEARD_MAX + 3];
	struct sock_fprog program = {.filter = code};
	size_t n = 0;
	if (count > ARP_HEARD_MAX)
		count = ARP_HEARD_MAX;
	code[n++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct ether_arp, arp_spa));
	for (size_t i = 0; i < count; i++) {
		uint32_t address;
		memcpy(&address, addresses[i], sizeof(address));
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, ntohl(address), (uint8_t)(count - i), 0);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, sizeof(struct ether_arp));
	program.len = (unsigned short)n;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

bool arp_receive(int fd, struct arp_sender *sender)
{
	struct ether_arp arp;
	struct sockaddr_ll from;
	socklen_t from_length = sizeof(from);
	ssize_t length;
	while ((length = recvfrom(fd, &arp, sizeof(arp), 0, (struct sockaddr *)&from, &from_length)) >= 0) {
		from_length = sizeof(from);
		if (length < (ssize_t)sizeof(arp) || arp.arp_hrd != htons(ARPHRD_ETHER) ||
			arp.arp_pro != htons(ETH_P_IP) || arp.arp_hln != ETH_ALEN || arp.arp_pln != 4)
			continue;
		sender->ifindex = from.sll_ifindex;
		memcpy(sender->mac, arp.arp_sha, sizeof(sender->mac));
		memcpy(sender->address, arp.arp_spa, sizeof(sender->address));
		return true;
	}
	return false;
}
