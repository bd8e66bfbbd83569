/* ntpd's packets, whatever three servers answer: the clock is set to no time that cannot be, nothing ends
 * ntpd, its figures stay numbers, and when the servers are honest afterwards, the clock is right again.
 *
 * The code is the image's: the patched source of the NTP client itself. An input is answers: which server and
 * kind, how long the answer took (two bytes, 1/1024 s), then 48 bytes of packet. */
#define CONFIG_NTPD 1
#define asm __asm__
#include <networking/ntpd.c>
/* Which ntpd_main() has for itself. */
#define G (*ptr_to_globals)

#include <math.h>

#include "fuzz.h"

int *__errno_location(void); /* glibc: what errno is, which BusyBox keeps the address of */

enum { SERVERS = 3, ANSWERS_MAX = 60, ROUNDS_MAX = 60, SOCKET = 1000, PACKET_BYTES = 48 };

/* Bits of an answer's first byte, above the number of the server. */
enum { NOT_ASKED = 0x10, WITH_A_KEY = 0x20, FROM_NOW = 0x40 };

static const double at_first = BUILD_TIME + 86400.0 * 100, one_day = 86400;

/* True time and what the clock shows, seconds since 1970. */
static double true_time, clock_time;
static uint8_t packet[NTP_MSGSIZE_MD5_AUTH];
static size_t packet_bytes;

int __wrap_gettimeofday(struct timeval *t, void *zone);
int __wrap_gettimeofday(struct timeval *t, void *zone)
{
	(void)zone;
	t->tv_sec = (time_t)clock_time;
	t->tv_usec = (suseconds_t)((clock_time - (double)t->tv_sec) * 1e6);
	return 0;
}

int __wrap_settimeofday(const struct timeval *t, const void *zone);
int __wrap_settimeofday(const struct timeval *t, const void *zone)
{
	(void)zone;
	must(t->tv_usec >= 0 && t->tv_usec < 1000000);
	must(t->tv_sec > BUILD_TIME - one_day && t->tv_sec < BUILD_TIME + (double)(1 << 30) + one_day);
	clock_time = (double)t->tv_sec + (double)t->tv_usec / 1e6;
	return 0;
}

/* The kernel slews the clock by what it is told, here at once. */
int __wrap_adjtimex(struct timex *t);
int __wrap_adjtimex(struct timex *t)
{
	if (t->modes & ADJ_OFFSET) {
		must(t->offset > -1000001 && t->offset < 1000001);
		clock_time += (double)t->offset / 1e6;
	}
	t->freq = 0;
	return 0;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
	(void)flags;
	must(fd == SOCKET && size >= packet_bytes);
	memcpy(bytes, packet, packet_bytes);
	return (ssize_t)packet_bytes;
}

ssize_t __wrap_sendto(
	int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size);
ssize_t __wrap_sendto(
	int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
	(void)bytes, (void)flags, (void)to, (void)size;
	must(fd == SOCKET && length == PACKET_BYTES);
	return (ssize_t)length;
}

int __wrap_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol)
{
	(void)family, (void)type, (void)protocol;
	return SOCKET;
}

int __wrap_bind(int fd, const struct sockaddr *to, socklen_t size);
int __wrap_bind(int fd, const struct sockaddr *to, socklen_t size)
{
	(void)to, (void)size;
	return fd == SOCKET ? 0 : -1;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	(void)level, (void)name, (void)value, (void)size;
	return fd == SOCKET ? 0 : -1;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	return fd == SOCKET ? 0 : __real_close(fd);
}

void __wrap_xfunc_die(void);
void __wrap_xfunc_die(void)
{
	must(!"no packet ends ntpd");
	abort();
}

/* ntpd as it is started, with three servers. */

static struct globals globals, globals_at_start;
static peer_t *server[SERVERS], *server_at_start[SERVERS];

static void start(void)
{
	static const char *const addresses[SERVERS] = {"192.0.2.1", "192.0.2.2", "2001:db8::3"};
	true_time = clock_time = at_first;
	if (server[0] == NULL) {
		logmode = LOGMODE_NONE;
		SET_PTR_TO_GLOBALS(&globals);
		G.discipline_jitter = G_precision_sec;
		G.stratum = MAXSTRAT;
		G.poll_exp = BURSTPOLL;
		G.last_script_run = G.reftime = G.last_update_recv_time = gettime1900d();
		G.FREQHOLD_cnt = -1;
		for (size_t i = 0; i < SERVERS; i++) {
			add_peers(addresses[i], NULL);
			server[i] = (peer_t *)G.ntp_peers->data;
			server_at_start[i] = copy_of(server[i], sizeof(peer_t), false);
			must(server[i]->p_lsa != NULL);
		}
		globals_at_start = globals;
	}
	globals = globals_at_start;
	for (size_t i = 0; i < SERVERS; i++)
		*server[i] = *server_at_start[i];
	srand(1);
}

static void put_time(uint8_t *at, double seconds)
{
	uint32_t whole = htonl((uint32_t)((uint64_t)seconds + OFFSET_1900_1970));
	uint32_t part = htonl((uint32_t)((seconds - floor(seconds)) * 4294967296.0));
	memcpy(at, &whole, 4);
	memcpy(at + 4, &part, 4);
}

static void pass(double seconds)
{
	true_time += seconds;
	clock_time += seconds;
	gettime1900d();
}

static void judge(void)
{
	must(isfinite(G.cur_time) && isfinite(G.last_update_offset) && isfinite(G.last_update_recv_time));
	must(isfinite(G.discipline_jitter) && isfinite(G.rootdisp));
	must(G.poll_exp >= 0 && G.poll_exp <= MAXPOLL);
	for (size_t i = 0; i < SERVERS; i++)
		must(isfinite(server[i]->next_action_time) && isfinite(server[i]->filter_offset));
}

/* What is in PACKET, from P, SECONDS after the question. */
static void hear(peer_t *p, double seconds, bool asked)
{
	if (p->p_fd == -1)
		send_query_to_peer(p);
	must(p->p_fd == SOCKET);
	pass(seconds);
	if (asked)
		memcpy(packet + 24, &p->p_xmt_msg.m_xmttime, 8);
	recv_and_process_peer_pkt(p);
	judge();
	if (p->p_fd >= 0) { /* nothing more comes */
		close(p->p_fd);
		p->p_fd = -1;
	}
}

static void take_answer(const uint8_t **data, size_t *size)
{
	uint8_t kind = take_byte(data, size), bytes[2];
	take_bytes(data, size, bytes, sizeof(bytes));
	take_bytes(data, size, packet, PACKET_BYTES);
	packet_bytes = kind & WITH_A_KEY ? NTP_MSGSIZE_MD5_AUTH : PACKET_BYTES;
	if (kind & FROM_NOW) {
		put_time(packet + 32, true_time + (int8_t)packet[32]);
		put_time(packet + 40, true_time + (int8_t)packet[40]);
	}
	hear(server[kind % SERVERS], (bytes[0] << 8 | bytes[1]) / 1024.0, !(kind & NOT_ASKED));
}

/* Stratum 2, 10 ms each way, at the times that each server is asked at. */
static void honest_servers_are_heard(void)
{
	for (int round = 0; round < ROUNDS_MAX; round++)
		for (size_t i = 0; i < SERVERS; i++) {
			pass(16);
			memset(packet, 0, sizeof(packet));
			packet_bytes = PACKET_BYTES;
			packet[0] = 0x24;
			packet[1] = 2;
			packet[3] = 0xec;
			put_time(packet + 32, true_time + 0.01);
			put_time(packet + 40, true_time + 0.01);
			hear(server[i], 0.02, true);
		}
	must(fabs(clock_time - true_time) < 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bb_errno = __errno_location();
	start();
	for (int answers = 0; size > 0 && answers < ANSWERS_MAX; answers++)
		take_answer(&data, &size);
	honest_servers_are_heard();
	return 0;
}
