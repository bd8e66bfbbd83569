#include "guestinfo.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* GuestInfoType. */
enum {
	INFO_DNS_NAME = 1,
	INFO_OS_NAME_FULL = 5,
	INFO_OS_NAME = 6,
	INFO_IPADDRESS_V2 = 9,
	INFO_IPADDRESS_V3 = 10
};
enum { NIC_INFO_V3 = 3 };
enum { IAT_IPV4 = 1, IAT_IPV6 = 2 };
enum { IAS_PREFERRED = 1, IAS_DEPRECATED = 2 };
/* IpAddressOrigin, RFC 4293. */
static const uint32_t origins[] = {
	[FACTS_DHCP] = 4,
	[FACTS_SLAAC] = 5,
	[FACTS_STATIC] = 2,
	[FACTS_LINK_LOCAL] = 5,
};

struct xdr {
	char *data;
	size_t size, used;
	bool overflow;
};

static void put_bytes(struct xdr *x, const void *bytes, size_t length)
{
	size_t padded = (length + 3) & ~(size_t)3;
	x->overflow = x->overflow || padded > x->size - x->used;
	if (x->overflow)
		return;
	memset(x->data + x->used, 0, padded);
	memcpy(x->data + x->used, bytes, length);
	x->used += padded;
}

static void put_u32(struct xdr *x, uint32_t value)
{
	uint32_t big = htonl(value);
	put_bytes(x, &big, sizeof(big));
}

static void put_xdr_string(struct xdr *x, const void *bytes, size_t length)
{
	put_u32(x, (uint32_t)length);
	put_bytes(x, bytes, length);
}

/* An optional number that is there. */
static void put_present(struct xdr *x, uint32_t value)
{
	put_u32(x, 1);
	put_u32(x, value);
}

static void put_absent(struct xdr *x, int count)
{
	while (count-- > 0)
		put_u32(x, 0);
}

/* The number of items, written at AT behind them. */
static void put_count(struct xdr *x, size_t at, uint32_t count)
{
	uint32_t big = htonl(count);
	if (!x->overflow)
		memcpy(x->data + at, &big, sizeof(big));
}

static void put_address(struct xdr *x, const struct facts_address *a)
{
	bool ipv6 = a->family == AF_INET6;
	put_u32(x, ipv6 ? IAT_IPV6 : IAT_IPV4);
	put_xdr_string(x, a->bytes, ipv6 ? 16 : 4);
	put_u32(x, a->prefix_length);
	put_present(x, origins[a->origin]);
	put_present(x, a->deprecated ? IAS_DEPRECATED : IAS_PREFERRED);
}

/* False: it has no MAC, by which the host would know it. */
static bool put_nic(struct xdr *x, const struct facts *f)
{
	struct facts_address a;
	uint8_t m[6];
	char mac[18];
	uint32_t count = 0;
	if (!facts_mac(f, m))
		return false;
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	put_xdr_string(x, mac, strlen(mac));
	size_t at = x->used;
	put_u32(x, 0);
	for (unsigned n = 0; facts_next_address(f, &n, &a); count++)
		put_address(x, &a);
	put_count(x, at, count);
	put_absent(x, 4); /* DNS, WINS and DHCP of this NIC */
	return true;
}

size_t guestinfo_nics(struct facts *f, char *out, size_t size)
{
	enum { TAIL_BYTES = 5 * 4 };
	struct xdr x = {.data = out, .size = size - TAIL_BYTES};
	uint32_t count = 0;
	put_u32(&x, NIC_INFO_V3);
	put_u32(&x, 1); /* there is one */
	size_t at = x.used;
	put_u32(&x, 0);
	for (size_t i = 0; i < f->count && count < GUESTINFO_NICS_MAX; i++) {
		struct xdr before = x;
		if (!facts_nic(f, i) || !put_nic(&x, f))
			continue;
		if (x.overflow)
			x = before;
		else
			count++;
	}
	put_count(&x, at, count);
	x.size = size;
	put_absent(&x, 5); /* routes; DNS, WINS and DHCP of the machine */
	return x.used;
}

static bool call(vmware_port *port, const char *request, size_t length)
{
	char answer[256];
	return vmware_call(port, request, length, answer, sizeof(answer)) > 0 && answer[0] == '1';
}

/* Strings go with their NUL. */
static bool send_one(vmware_port *port, int type, const char *value)
{
	char request[512];
	int length = snprintf(request, sizeof(request), "SetGuestInfo  %d %s", type, value);
	return length < (int)sizeof(request) && call(port, request, (size_t)length + 1);
}

static bool tell_nics(struct facts *f, vmware_port *port, int type)
{
	char request[GUESTINFO_MESSAGE_MAX];
	int head = snprintf(request, sizeof(request), "SetGuestInfo  %d ", type);
	size_t length = guestinfo_nics(f, request + head, sizeof(request) - (size_t)head);
	return call(port, request, (size_t)head + length);
}

static bool tell_main_address(struct facts *f, vmware_port *port)
{
	char address[INET6_ADDRSTRLEN], request[96];
	facts_main_address(f, address);
	int length = snprintf(request, sizeof(request), "info-set guestinfo.ip %s", address);
	return address[0] == '\0' || call(port, request, (size_t)length);
}

bool guestinfo_tell(struct facts *f, vmware_port *port)
{
	char words[384];
	struct text t = TEXT(words);
	facts_begin(f);
	facts_full_name(f, &t);
	bool all = send_one(port, INFO_DNS_NAME, words);
	text_clear(&t);
	text_add(&t, "Thimble %s %s, Linux %s", THIMBLE_VERSION, facts_appliance(f), f->system.release);
	all &= send_one(port, INFO_OS_NAME_FULL, words);
	/* open-vm-tools' word for an unknown Linux; vSphere knows it. */
	all &= send_one(port, INFO_OS_NAME, "other6xlinux-64");
	/* Older hosts accept the same under an older number. */
	all &= tell_nics(f, port, INFO_IPADDRESS_V3) || tell_nics(f, port, INFO_IPADDRESS_V2);
	return tell_main_address(f, port) && all;
}
