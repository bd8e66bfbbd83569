/* dhcpcd without a kernel and without its helpers, for the targets that feed it packets: one NIC, a clock
 * that stands still until a timer is fired, and a root helper that keeps the lease's file. What dhcpcd says
 * of a lease (the environment of a hook, which `net` gets) is judged here, and goes through net's own
 * readers.
 *
 * The code is the image's: the patched source, with its own assertions. rootfs/etc/dhcpcd.conf is read once.
 */
#ifndef FUZZ_DHCPCD_H
#define FUZZ_DHCPCD_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <config.h>
#include <dhcpcd.h>
#include <common.h>
#include <control.h>
#include <dhcp.h>
#include <dhcp6.h>
#include <duid.h>
#include <eloop.h>
#include <if-options.h>
#include <if.h>
#include <ipv4.h>
#include <ipv6.h>
#include <ipv6nd.h>
#include <logerr.h>
#include <privsep.h>
#include <route.h>
#include <script.h>

#include "fuzz.h"
/* Names that dhcpcd and the system's headers have taken. */
#define ip thimble_ip
#define ra thimble_ra
#include "net/lease.h"
#undef ip
#undef ra

/* Most of what it plays needs nothing of its arguments. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum {
	TIMERS_MAX = 64,
	ADDRESSES_MAX = 64,
	SENT_BYTES_MAX = 2048,
	LEASE_FILE_BYTES_MAX = 65536,
	LINK_MTU = 1500,
	INDEX = 2,
	ALLOCATED_BYTES_MAX = 4 << 20, /* what all packets of an input may leave behind */
};

struct timer {
	void (*call)(void *);
	void *argument;
	int queue;
	unsigned long long at_ms;
	unsigned long long number; /* of two at the same time, the first comes first */
};

/* An address that dhcpcd asked the kernel for, of which the kernel has not told it yet. */
struct new_address {
	int family, command;
	struct in_addr ip4, mask, broadcast;
	struct in6_addr ip6;
	uint8_t prefix_bits;
};

static struct machine {
	struct dhcpcd_ctx context;
	struct if_head interfaces;
	struct interface *nic;
	struct if_options *options, options_at_start;
	struct fd_list listener;

	unsigned long long now_ms, timers_made;
	struct timer timer[TIMERS_MAX];
	size_t timer_count;
	struct new_address address[ADDRESSES_MAX];
	size_t address_count;
	uint32_t random;

	uint8_t sent[SENT_BYTES_MAX]; /* the last packet */
	size_t sent_bytes, sent_count;
	uint8_t lease_file[LEASE_FILE_BYTES_MAX];
	size_t lease_file_bytes;

	/* IPv6 addresses that the kernel holds, and until when. */
	struct held_address {
		struct in6_addr ip;
		unsigned long long until_ms; /* 0: it is free */
	} held[ADDRESSES_MAX];

	struct leases leases; /* as net has them */
	char reason[32];      /* of the last event */
	char ip_address[64];  /* its new_ip_address */
} m;

/* Time, timers and random numbers. */

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	*t = (struct timespec){(time_t)(m.now_ms / 1000), (long)(m.now_ms % 1000) * 1000000};
	return 0;
}

uint32_t arc4random(void)
{
	m.random = m.random * 1664525u + 1013904223u;
	return m.random ^ m.random >> 15;
}

unsigned long long eloop_timespec_diff(const struct timespec *a, const struct timespec *b, unsigned int *ns)
{
	long long between = (a->tv_sec - b->tv_sec) * 1000000000LL + a->tv_nsec - b->tv_nsec;
	must(between >= 0);
	if (ns != NULL)
		*ns = (unsigned)(between % 1000000000LL);
	return (unsigned long long)between / 1000000000;
}

int eloop_q_timeout_delete(struct eloop *loop, int queue, void (*call)(void *), void *argument)
{
	size_t kept = 0, there = m.timer_count;
	for (size_t i = 0; i < there; i++) {
		const struct timer *t = &m.timer[i];
		if ((queue == 0 || t->queue == queue) && t->argument == argument &&
			(call == NULL || t->call == call))
			continue;
		m.timer[kept++] = *t;
	}
	m.timer_count = kept;
	return (int)(there - kept);
}

int eloop_q_timeout_add_msec(
	struct eloop *loop, int queue, unsigned long in_ms, void (*call)(void *), void *argument)
{
	must(call != NULL);
	eloop_q_timeout_delete(loop, ELOOP_QUEUE_ALL, call, argument);
	must(m.timer_count < TIMERS_MAX);
	m.timer[m.timer_count++] = (struct timer){call, argument, queue, m.now_ms + in_ms, m.timers_made++};
	return 0;
}

int eloop_q_timeout_add_sec(
	struct eloop *loop, int queue, unsigned in_s, void (*call)(void *), void *argument)
{
	return eloop_q_timeout_add_msec(loop, queue, in_s * 1000ul, call, argument);
}

/* Lets time pass until the next timer, and fires it. False when there is none. */
static bool fire_timer(void)
{
	if (m.timer_count == 0)
		return false;
	size_t next = 0;
	for (size_t i = 1; i < m.timer_count; i++)
		if (m.timer[i].at_ms < m.timer[next].at_ms ||
			(m.timer[i].at_ms == m.timer[next].at_ms && m.timer[i].number < m.timer[next].number))
			next = i;
	struct timer t = m.timer[next];
	m.timer[next] = m.timer[--m.timer_count];
	if (t.at_ms > m.now_ms)
		m.now_ms = t.at_ms;
	t.call(t.argument);
	return true;
}

int eloop_event_add(struct eloop *loop, int fd, unsigned short events, void (*call)(void *, unsigned short),
	void *argument)
{
	return 0;
}

int eloop_event_delete(struct eloop *loop, int fd)
{
	return 0;
}

void eloop_exit(struct eloop *loop, int status)
{
	must(!"no packet ends dhcpcd");
}

/* The log: formatted, so that what is in it is read, and thrown away. */

static void log_away(const char *format, va_list arguments)
{
	char line[2048];
	must(vsnprintf(line, sizeof(line), format, arguments) >= 0);
	if (getenv("FUZZ_LOG") != NULL)
		fprintf(stderr, "%llu %s\n", m.now_ms, line);
}

#define LOG(name)                                                                                            \
	void name(const char *format, ...)                                                                   \
	{                                                                                                    \
		va_list arguments;                                                                           \
		va_start(arguments, format);                                                                 \
		log_away(format, arguments);                                                                 \
		va_end(arguments);                                                                           \
	}
LOG(log_debug)
LOG(log_debugx)
LOG(log_info)
LOG(log_infox)
LOG(log_warn)
LOG(log_warnx)
LOG(log_err)
LOG(log_errx)

void logmessage(int priority, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_away(format, arguments);
	va_end(arguments);
}

void logerrmessage(int priority, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_away(format, arguments);
	va_end(arguments);
}

unsigned loggetopts(void)
{
	return 0;
}

void logsetopts(unsigned options)
{
}

/* The kernel. */

int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	must(request == SIOCGIFMTU);
	((struct ifreq *)argument)->ifr_mtu = LINK_MTU;
	return 0;
}

static int tell_later(struct new_address address)
{
	must(m.address_count < ADDRESSES_MAX);
	m.address[m.address_count++] = address;
	return 0;
}

/* What the kernel takes for an address of this host. */
static bool can_be_ours(uint32_t ip)
{
	return ip >> 24 != 0 && ip >> 24 != 127 && ip >> 24 < 224;
}

int if_address(unsigned char command, const struct ipv4_addr *a)
{
	must(strcmp(a->iface->name, m.nic->name) == 0);
	must(command != RTM_NEWADDR || can_be_ours(ntohl(a->addr.s_addr)));
	return tell_later((struct new_address){
		.family = AF_INET, .command = command, .ip4 = a->addr, .mask = a->mask, .broadcast = a->brd});
}

static bool is_held(const struct held_address *a)
{
	return a->until_ms > m.now_ms;
}

/* The kernel ends an address by its lifetime as well. */
static void hold_address(int command, const struct ipv6_addr *a)
{
	struct held_address *place = NULL;
	for (size_t i = 0; i < ADDRESSES_MAX; i++) {
		struct held_address *h = &m.held[i];
		if (is_held(h) && memcmp(&h->ip, &a->addr, sizeof(a->addr)) == 0) {
			place = h;
			break;
		}
		if (!is_held(h) && place == NULL)
			place = h;
	}
	must(place != NULL);
	*place = (struct held_address){.ip = a->addr};
	if (command == RTM_NEWADDR)
		place->until_ms = m.now_ms + a->prefix_vltime * 1000ull;
}

int if_address6(unsigned char command, const struct ipv6_addr *a)
{
	must(strcmp(a->iface->name, m.nic->name) == 0 && a->prefix_len <= 128);
	must(command != RTM_NEWADDR || !IN6_IS_ADDR_MULTICAST(&a->addr));
	must(command != RTM_NEWADDR || !IN6_IS_ADDR_UNSPECIFIED(&a->addr));
	must(command != RTM_NEWADDR || !IN6_IS_ADDR_LOOPBACK(&a->addr));
	hold_address(command, a);
	return tell_later((struct new_address){
		.family = AF_INET6, .command = command, .ip6 = a->addr, .prefix_bits = a->prefix_len});
}

/* Tells dhcpcd of addresses as the kernel does, after duplicate address detection. */
static void tell_addresses(void)
{
	for (size_t i = 0; i < m.address_count; i++) {
		const struct new_address *a = &m.address[i];
		if (a->family == AF_INET6)
			ipv6_handleifa(&m.context, a->command, NULL, m.nic->name, &a->ip6, a->prefix_bits, 0,
				getpid());
		else
			ipv4_handleifa(&m.context, a->command, NULL, m.nic->name, &a->ip4, &a->mask,
				&a->broadcast, 0, getpid());
	}
	m.address_count = 0;
}

int if_addrflags(const struct interface *nic, const struct in_addr *ip, const char *alias)
{
	return 0;
}

int if_addrflags6(const struct interface *nic, const struct in6_addr *ip, const char *alias)
{
	return 0;
}

int if_getlifetime6(struct ipv6_addr *a)
{
	errno = ENOTSUP;
	return -1;
}

int if_route(unsigned char command, const struct rt *route)
{
	must(route->rt_ifp == m.nic);
	return 0;
}

int if_initrt(struct dhcpcd_ctx *context, rb_tree_t *routes, int family)
{
	return 0;
}

int if_applyra(const struct ra *ra)
{
	must(ra->mtu == 0 || (ra->mtu >= 1280 && ra->mtu <= LINK_MTU));
	return 0;
}

int ip6_forwarding(const char *name)
{
	return 0;
}

int if_carrier(struct interface *nic, const void *data)
{
	return LINK_UP;
}

bool if_roaming(struct interface *nic)
{
	return false;
}

/* What only dhcpcd's start asks for. */
#define NEVER(type, name, arguments)                                                                         \
	type name arguments                                                                                  \
	{                                                                                                    \
		must(!#name);                                                                                \
		abort();                                                                                     \
	}
NEVER(int, if_init, (struct interface * nic))
NEVER(int, if_getssid, (struct interface * nic))
NEVER(bool, if_ignore, (struct dhcpcd_ctx * context, const char *name))
NEVER(int, if_vimaster, (struct dhcpcd_ctx * context, const char *name))
NEVER(unsigned short, if_vlanid, (const struct interface *nic))
NEVER(int, if_opensockets_os, (struct dhcpcd_ctx * context))
NEVER(void, if_closesockets_os, (struct dhcpcd_ctx * context))
NEVER(int, if_setmac, (struct interface * nic, void *address, uint8_t bytes))
NEVER(int, if_machinearch, (char *text, size_t bytes))
NEVER(struct bpf *, bpf_open,
	(const struct interface *nic, int (*filter)(const struct bpf *, const struct in_addr *),
		const struct in_addr *ip))
NEVER(void, bpf_close, (struct bpf * bpf))
NEVER(ssize_t, bpf_read, (struct bpf * bpf, void *bytes, size_t size))
NEVER(ssize_t, bpf_send, (const struct bpf *bpf, uint16_t protocol, const void *bytes, size_t length))
NEVER(int, bpf_bootp, (const struct bpf *bpf, const struct in_addr *ip))
NEVER(ssize_t, ps_root_ioctl,
	(struct dhcpcd_ctx * context, ioctl_request_t request, void *bytes, size_t length))
NEVER(ssize_t, ps_root_script, (struct dhcpcd_ctx * context, const void *bytes, size_t length))
NEVER(int, ps_root_getifaddrs, (struct dhcpcd_ctx * context, struct ifaddrs **list))
NEVER(void, dhcpcd_startinterface, (void *nic))
NEVER(int, logopen, (const char *path))
NEVER(void, logclose, (void))
NEVER(int, dhcpcd_selectprofile, (struct interface * nic, const char *profile))

const char *bpf_name = "bpf";
const char *dhcpcd_default_script = "";
const int dhcpcd_signals[] = {0}, dhcpcd_signals_ignore[] = {0};
const size_t dhcpcd_signals_len, dhcpcd_signals_ignore_len;

size_t bpf_frame_header_len(const struct interface *nic)
{
	return nic->hwtype == ARPHRD_ETHER ? 14 : 0;
}

int dhcpcd_ifafwaiting(const struct interface *nic)
{
	return AF_MAX;
}

int dhcpcd_afwaiting(const struct dhcpcd_ctx *context)
{
	return AF_MAX;
}

void dhcpcd_daemonise(struct dhcpcd_ctx *context)
{
}

/* The root helper and the network proxy. */

ssize_t ps_root_ip6forwarding(struct dhcpcd_ctx *context, const char *name)
{
	return 0;
}

ssize_t ps_root_readfile(struct dhcpcd_ctx *context, const char *path, void *bytes, size_t size)
{
	if (m.lease_file_bytes == 0 || m.lease_file_bytes > size) {
		errno = ENOENT;
		return -1;
	}
	memcpy(bytes, m.lease_file, m.lease_file_bytes);
	return (ssize_t)m.lease_file_bytes;
}

ssize_t ps_root_writefile(
	struct dhcpcd_ctx *context, const char *path, mode_t mode, const void *bytes, size_t length)
{
	must(length <= sizeof(m.lease_file));
	memcpy(m.lease_file, bytes, length);
	m.lease_file_bytes = length;
	return (ssize_t)length;
}

ssize_t ps_root_filemtime(struct dhcpcd_ctx *context, const char *path, time_t *at)
{
	*at = time(NULL);
	return 0;
}

ssize_t ps_root_unlink(struct dhcpcd_ctx *context, const char *path)
{
	m.lease_file_bytes = 0;
	return 0;
}

static ssize_t keep_sent(const void *bytes, size_t length)
{
	must(length <= sizeof(m.sent));
	memcpy(m.sent, bytes, length);
	m.sent_bytes = length;
	m.sent_count++;
	return (ssize_t)length;
}

/* The last part of MESSAGE: what is before it are headers. */
static ssize_t keep_message(const struct msghdr *message)
{
	const struct iovec *last = &message->msg_iov[message->msg_iovlen - 1];
	return keep_sent(last->iov_base, last->iov_len);
}

ssize_t ps_bpf_sendbootp(const struct interface *nic, const void *bytes, size_t length)
{
	must(length > sizeof(struct ip) + 8);
	return keep_sent((const uint8_t *)bytes + sizeof(struct ip) + 8, length - sizeof(struct ip) - 8);
}

ssize_t ps_inet_sendbootp(struct interface *nic, const struct msghdr *message)
{
	return keep_message(message);
}

ssize_t ps_inet_senddhcp6(struct interface *nic, const struct msghdr *message)
{
	return keep_message(message);
}

ssize_t ps_inet_sendnd(struct interface *nic, const struct msghdr *message)
{
	return keep_message(message);
}

#define DONE(name, argument)                                                                                 \
	ssize_t name(argument)                                                                               \
	{                                                                                                    \
		return 0;                                                                                    \
	}
DONE(ps_bpf_openbootp, const struct interface *nic)
DONE(ps_bpf_closebootp, const struct interface *nic)
DONE(ps_inet_openbootp, struct ipv4_addr *a)
DONE(ps_inet_closebootp, struct ipv4_addr *a)
DONE(ps_inet_opendhcp6, struct ipv6_addr *a)
DONE(ps_inet_closedhcp6, struct ipv6_addr *a)

/* What reaches the hook. */

/* A name is letters, digits and underscores; a value is printable, but for the host name, which is handed on
 * as it came and judged by init. */
static void judge_variable(const char *variable)
{
	const char *equals = strchr(variable, '=');
	must(equals != NULL && equals > variable);
	for (const char *c = variable; c < equals; c++)
		must(*c == '_' || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
			strncmp(variable, "PATH=", 5) == 0);
	must(is_printable(equals + 1) || strncmp(variable + 3, "_host_name=", 11) == 0);
}

static void judge_event(const char *bytes, size_t length)
{
	static struct event_stream stream;
	struct event e;
	const uint8_t *head = (const uint8_t *)&length, *at = (const uint8_t *)bytes;
	size_t head_left = sizeof(length), left = length;
	for (const char *variable = bytes; variable < bytes + length; variable += strlen(variable) + 1)
		judge_variable(variable);
	event_stream_start(&stream);
	must(event_stream_push(&stream, &head, &head_left, &e) == EVENT_MORE);
	must(event_stream_push(&stream, &at, &left, &e) == EVENT_READY && left == 0);
	leases_apply(&m.leases, &e, (int64_t)m.now_ms);
	leases_expire(&m.leases, (int64_t)m.now_ms);
	const char *reason = event_get(&e, "reason"), *ip = event_get(&e, "new_ip_address");
	must(reason != NULL && event_get(&e, "interface") != NULL);
	snprintf(m.reason, sizeof(m.reason), "%s", reason);
	snprintf(m.ip_address, sizeof(m.ip_address), "%s", ip == NULL ? "" : ip);
}

int control_queue(struct fd_list *listener, void *bytes, size_t length)
{
	char *copy = copy_of(bytes, length, false);
	must(listener == &m.listener && length > 0 && copy[length - 1] == '\0');
	judge_event(copy, length);
	free(copy);
	return 0;
}

/* Its life. */

static struct interface *new_nic(void)
{
	static const uint8_t mac[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	struct interface *nic = calloc(1, sizeof(*nic));
	must(nic != NULL);
	nic->ctx = &m.context;
	strcpy(nic->name, "eth0");
	nic->index = INDEX;
	nic->active = IF_ACTIVE_USER;
	nic->flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST;
	nic->hwtype = ARPHRD_ETHER;
	memcpy(nic->hwaddr, mac, sizeof(mac));
	nic->hwlen = sizeof(mac);
	nic->metric = 1000 + INDEX;
	nic->carrier = LINK_UP;
	nic->options = m.options;
	return nic;
}

/* As configure_interface1() has it. */
static void add_association(struct if_options *o, const struct interface *nic)
{
	memcpy(o->iaid, nic->hwaddr + nic->hwlen - sizeof(o->iaid), sizeof(o->iaid));
	o->options |= DHCPCD_IAID;
	o->ia = calloc(1, sizeof(*o->ia));
	must(o->ia != NULL);
	o->ia_len = 1;
	o->ia->ia_type = D6_OPTION_IA_NA;
	memcpy(o->ia->iaid, o->iaid, sizeof(o->iaid));
}

/* Reads the settings, once for all inputs. */
static void machine_start(void)
{
	struct dhcpcd_ctx *c = &m.context;
	if (m.options != NULL)
		return;
	c->cffile = "rootfs/etc/dhcpcd.conf";
	c->control_fd = c->control_unpriv_fd = c->pf_inet_fd = c->link_fd = -1;
	c->udp_rfd = c->udp_wfd = c->nd_fd = c->dhcp6_rfd = c->dhcp6_wfd = -1;
	c->eloop = (struct eloop *)&m; /* never looked into */
	c->ifaces = &m.interfaces;
	TAILQ_INIT(&m.interfaces);
	TAILQ_INIT(&c->control_fds);
	TAILQ_INIT(&c->ps_processes);
	rt_init(c);
	struct if_options *all = read_config(c, NULL, NULL, NULL);
	must(all != NULL && c->dhcp_opts_len > 0 && c->dhcp6_opts_len > 0);
	c->options |= all->options;
	free_options(c, all);
	m.options = read_config(c, "eth0", NULL, NULL);
	must(m.options != NULL && has_option_mask(m.options->requiremask, DHO_SERVERID));
	c->options |= DHCPCD_MANAGER | DHCPCD_PRIVSEP | DHCPCD_STARTED | DHCPCD_CONFIGURE;
	struct interface *nic = new_nic();
	add_association(m.options, nic);
	must(duid_init(c, nic) > 0);
	free(nic);
	m.options_at_start = *m.options;
	m.listener.flags = FD_LISTEN;
	TAILQ_INSERT_TAIL(&c->control_fds, &m.listener, next);
}

/* A NIC of its own for each input. */
static void nic_start(void)
{
	machine_start();
	m.now_ms = 1000000;
	m.random = 1;
	m.lease_file_bytes = m.sent_count = m.sent_bytes = 0;
	m.leases = (struct leases){0};
	memset(m.held, 0, sizeof(m.held));
	m.reason[0] = '\0';
	*m.options = m.options_at_start;
	m.nic = new_nic();
	TAILQ_INSERT_TAIL(&m.interfaces, m.nic, next);
	must(ipv6_init(&m.context) == 0);
}

/* What dhcpcd does when a cable is pulled, and the memory is given back. */
static void nic_stop(void)
{
	dhcp6_drop(m.nic, "EXPIRE6");
	ipv6nd_drop(m.nic);
	ipv6_drop(m.nic);
	dhcp_drop(m.nic, "EXPIRE");
	m.address_count = 0;
	eloop_q_timeout_delete(m.context.eloop, ELOOP_QUEUE_ALL, NULL, m.nic);
	m.nic->options = NULL;
	TAILQ_REMOVE(&m.interfaces, m.nic, next);
	if_free(m.nic);
	must(m.timer_count == 0 && TAILQ_EMPTY(m.context.ra_routers));
	rt_headclear(&m.context.routes, AF_UNSPEC);
}

/* The NIC's link-local address, and IPv6 on it. */
static inline void link_local_start(void)
{
	struct in6_addr link_local;
	must(inet_pton(AF_INET6, "fe80::5054:ff:fe12:3456", &link_local) == 1);
	must(ipv6_start(m.nic) == 0);
	tell_addresses();
	ipv6_handleifa(&m.context, RTM_NEWADDR, NULL, m.nic->name, &link_local, 64, 0, getpid());
}

/* An ICMPv6 packet of a router of this link (a hop limit of 255), or of one from afar. */
static inline void hear_icmp6(uint8_t *bytes, size_t length, uint8_t router, int hop_limit)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_scope_id = INDEX};
	struct iovec part = {bytes, length};
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct in6_pktinfo info = {.ipi6_ifindex = INDEX};
	struct msghdr message = {&from, sizeof(from), &part, 1, control.bytes, sizeof(control.bytes), 0};
	must(inet_pton(AF_INET6, hop_limit == 255 ? "fe80::1:0" : "2001:db8::1", &from.sin6_addr) == 1);
	from.sin6_addr.s6_addr[15] = router;
	control.head = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
	memcpy(CMSG_DATA(&control.head), &info, sizeof(info));
	struct cmsghdr *second = CMSG_NXTHDR(&message, &control.head);
	*second = (struct cmsghdr){CMSG_LEN(sizeof(hop_limit)), IPPROTO_IPV6, IPV6_HOPLIMIT};
	memcpy(CMSG_DATA(second), &hop_limit, sizeof(hop_limit));
	ipv6nd_recvmsg(&m.context, &message);
}

/* An advertisement. RFC 4861 4.2: BODY begins with the hop limit. */
static inline void hear_router(const uint8_t *body, size_t length, uint8_t router)
{
	uint8_t *bytes = malloc(4 + length);
	must(bytes != NULL);
	memcpy(bytes, (uint8_t[]){ND_ROUTER_ADVERT, 0, 0, 0}, 4);
	if (length > 0)
		memcpy(bytes + 4, body, length);
	hear_icmp6(bytes, 4 + length, router, 255);
	free(bytes);
}

#endif
