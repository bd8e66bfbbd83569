#include "announce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <string.h>
#include <unistd.h>

int announce(int ifindex, const uint8_t mac[static 6], const uint8_t address[static 4])
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = ifindex,
		.sll_halen = ETH_ALEN,
		.sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct ether_arp arp = {
		.ea_hdr = {htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST)}};
	memcpy(arp.arp_sha, mac, sizeof(arp.arp_sha));
	memcpy(arp.arp_spa, address, sizeof(arp.arp_spa));
	memcpy(arp.arp_tpa, address, sizeof(arp.arp_tpa));
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	int result = sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -1 : 0;
	int error = errno;
	close(fd);
	errno = error;
	return result;
}
