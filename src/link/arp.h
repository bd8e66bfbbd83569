/* ARP for our own IPv4 addresses: announces them, probes for and detects other machines that have them (RFC
 * 5227). */
#ifndef THIMBLE_LINK_ARP_H
#define THIMBLE_LINK_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARP_HEARD_MAX = 64 };

/* A machine that claims an address. */
struct arp_sender {
	int ifindex; /* of the NIC that heard it */
	uint8_t mac[6], address[4];
};

/* A socket that receives nothing until arp_hear() says what; -1 with errno. */
int arp_open(void);

/* Sends an ARP announcement of ADDRESS (RFC 5227 section 2.3) from MAC out of the NIC IFINDEX. 0, or -1 with
 * errno. */
int arp_announce(int fd, int ifindex, const uint8_t mac[static 6], const uint8_t address[static 4]);

/* The same, an ARP probe (section 2.1.1): a machine that has it answers. */
int arp_probe(int fd, int ifindex, const uint8_t mac[static 6], const uint8_t address[static 4]);

/* From now on FD receives only packets from machines that claim one of COUNT ADDRESSES, at most
 * ARP_HEARD_MAX. 0, or -1 with errno. */
int arp_hear(int fd, const uint8_t (*addresses)[4], size_t count);

/* The next of them. False when there is none. */
bool arp_receive(int fd, struct arp_sender *sender);

#endif
