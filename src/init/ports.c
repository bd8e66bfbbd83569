#include "ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "children.h"
#include "common/log.h"
#include "common/net_text.h"
#include "common/record.h"
#include "common/text.h"

/* Some 800 sockets of each table, a millisecond's work: PID 1 has others to look after. */
enum { TABLE_BYTES_MAX = 128 * 1024 };

/* What the tables say of one port. */
struct seen {
	bool reachable, loopback;
};

/* Lines for the log; NULL: nothing to log. */
static const char *const state_lines[PORT_STATE_COUNT] = {
	[PORT_LISTENING] = "listens on port",
	[PORT_LOOPBACK] = "listens on loopback only, where the network cannot reach it: port",
	[PORT_MISSING] = "does not listen, 30 s after its start: port",
	[PORT_LOST] = "no longer listens on port",
};

/* Reads DIGITS hexadecimal digits. */
static bool take_hex(const char *at, size_t digits, uint32_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	return true;
}

/* Addresses are written as the 32-bit words that they are in memory (tcp4_seq_show(), get_tcp6_sock()). */
static bool address_parse(const char *at, size_t digits, bool *loopback)
{
	uint32_t word[4];
	struct in6_addr a;
	for (size_t i = 0; i < digits / 8; i++)
		if (!take_hex(at + 8 * i, 8, &word[i]))
			return false;
	if (digits == 8) {
		*loopback = ntohl(word[0]) >> 24 == IN_LOOPBACKNET;
		return true;
	}
	memcpy(&a, word, sizeof(a));
	*loopback = IN6_IS_ADDR_LOOPBACK(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == IN_LOOPBACKNET);
	return true;
}

/* "  0: 0100007F:1F90 00000000:0000 0A ...": number, local and remote end, state. */
bool port_row_parse(struct port_row *row, const char *line)
{
	uint32_t port, state;
	const char *at = strchr(line, ':');
	if (at == NULL || at[1] != ' ')
		return false;
	at += 2;
	size_t digits = strspn(at, "0123456789ABCDEF");
	size_t end_bytes = digits + strlen(":1F90 ");
	if ((digits != 8 && digits != 32) || strlen(at) < 2 * end_bytes + 2 || at[digits] != ':' ||
		!address_parse(at, digits, &row->loopback) || !take_hex(at + digits + 1, 4, &port) ||
		!take_hex(at + 2 * end_bytes, 2, &state))
		return false;
	row->port = port;
	row->state = state;
	return true;
}

static void see(
	struct seen *seen, const struct appliance *a, const struct port_row *row, const char *protocol)
{
	char text[16];
	snprintf(text, sizeof(text), "%u/%s", row->port, protocol);
	for (size_t i = 0; i < a->port_count; i++) {
		if (strcmp(a->ports[i], text) != 0)
			continue;
		seen[i].reachable |= !row->loopback;
		seen[i].loopback |= row->loopback;
	}
}

/* Takes the rows of one table into SEEN. False when it is longer than what is read of it. */
static bool look_at(struct seen *seen, const struct appliance *a, const char *path, const char *protocol)
{
	static char bytes[4096 + 1];
	bool tcp = strcmp(protocol, "tcp") == 0, more = true;
	size_t used = 0, total = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC); /* without IPv6 there is no table of it */
	while (more && fd >= 0 && total < TABLE_BYTES_MAX &&
		(got = read(fd, bytes + used, sizeof(bytes) - 1 - used)) > 0) {
		char *line = bytes, *end;
		total += (size_t)got;
		bytes[used + (size_t)got] = '\0';
		for (; more && (end = strchr(line, '\n')) != NULL; line = end + 1) {
			struct port_row row;
			*end = '\0';
			if (!port_row_parse(&row, line))
				continue;
			/* Those that listen come first (tcp_seek_last_pos()): of 10,000 connections none is
			 * read. A UDP socket that listens has no peer. */
			more = !tcp || row.state == TCP_LISTEN;
			if (row.state == (tcp ? TCP_LISTEN : TCP_CLOSE))
				see(seen, a, &row, protocol);
		}
		used = strlen(line);
		memmove(bytes, line, used);
	}
	if (fd >= 0)
		close(fd);
	return total < TABLE_BYTES_MAX;
}

static enum port_state next_state(enum port_state before, const struct seen *seen, int64_t age_ms)
{
	if (seen->reachable)
		return PORT_LISTENING;
	if (seen->loopback)
		return PORT_LOOPBACK;
	if (before == PORT_LISTENING || before == PORT_LOOPBACK || before == PORT_LOST)
		return PORT_LOST;
	return age_ms < PORT_PATIENCE_MS ? PORT_STARTING : PORT_MISSING;
}

/* The relay's listeners are those of a setting, and it tells of them. */
static bool tells_itself(void)
{
	char path[128];
	struct text t = TEXT(path);
	text_add(&t, "%s/service/relay", run_dir());
	return access(path, F_OK) == 0;
}

static void log_change(const struct child *service, enum port_state state, const char *port)
{
	if (state_lines[state] != NULL)
		log_line(state == PORT_LISTENING ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s: %s %s",
			service->program.name, state_lines[state], port);
}

static bool all_well(const struct children *c)
{
	for (size_t i = 0; i < c->appliance->port_count; i++)
		if (c->port_state[i] != PORT_LISTENING && c->port_state[i] != PORT_UNTOLD)
			return false;
	return true;
}

bool ports_look(struct children *c, const struct child *service)
{
	static const char *const tables[][2] = {{"/proc/net/tcp", "tcp"}, {"/proc/net/tcp6", "tcp"},
		{"/proc/net/udp", "udp"}, {"/proc/net/udp6", "udp"}};
	const struct appliance *a = c->appliance;
	struct seen seen[PORTS_MAX] = {0};
	bool changed = false, whole = true, untold;
	if (service == NULL || service->state != CHILD_RUNNING || a->port_count == 0 ||
		(all_well(c) && now_ms() - c->ports_looked_ms < PORT_PAUSE_MS))
		return false;
	c->ports_looked_ms = now_ms();
	untold = tells_itself();
	for (size_t i = 0; !untold && i < sizeof(tables) / sizeof(tables[0]); i++)
		whole &= look_at(seen, a, tables[i][0], tables[i][1]);
	for (size_t i = 0; i < a->port_count; i++) {
		enum port_state before = c->port_state[i], state = PORT_UNTOLD;
		if (!untold)
			state = next_state(before, &seen[i], now_ms() - service->since_ms);
		/* What was not read may say otherwise. */
		if (state == before || (!whole && state != PORT_LISTENING))
			continue;
		c->port_state[i] = state;
		changed = true;
		log_change(service, state, a->ports[i]);
	}
	return changed;
}
