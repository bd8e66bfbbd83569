/* What the screen shows, taken from records (docs/records.md). Pure: no files, no clock; text is bounded
 * and as hostile as its writer. load.h fills it from the disk. */
#ifndef STATUS_MODEL_H
#define STATUS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log_lines.h"
#include "common/record.h"

enum {
	NICS_MAX = 32,
	ADDRESSES_MAX = 16,
	GATEWAYS_MAX = 4,
	SERVERS_MAX = 6,
	UPSTREAMS_MAX = 48, /* 32 targets found by DNS and 16 addresses of the setting */
	SOURCES_MAX = 16,
	ALLOWED_MAX = 32,
	CHILDREN_MAX = 24,
	LINK_LINES_MAX = 8,
	REFUSED_MAX = 8,
	PORTS_MAX = 16,
	PROMPT_BYTES_MAX = 160,
};

#define FOREVER INT64_MAX

enum record_status { RECORD_MISSING, RECORD_UNREADABLE, RECORD_READ };

/* From what record_read returned, and errno. */
enum record_status record_status_of(int result, int error);

struct system_state {
	enum record_status status;
	char appliance[48], version[24], hostname[72], kernel[48], arch[16], machine[96];
	char clock_source[16], clock_ntp[16], clock_server[52], watchdog[48], stopping_reason[80];
	bool clock_offset_told;
	int64_t clock_offset_us;
	bool stopping, debug;
	long long uptime_s;                                   /* -1: not told */
	long long clock_unix_s;                               /* -1: not told */
	long long memory_total_bytes, memory_available_bytes; /* -1: not told */
	long long refused_count;
	char refused[REFUSED_MAX][256];
	unsigned refused_listed;
};

enum child_phase {
	PHASE_UNKNOWN,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_WAITING,
	PHASE_STOPPING,
	PHASE_STOPPED
};

struct child_state {
	enum record_status status;
	enum child_phase phase;
	char name[40], phase_word[24], last_exit[96], ports[64];
	long long pid, since_ms, next_start_ms, last_exit_ms; /* -1: not told */
	long long restarts;
};

/* A port that the service is to listen on. */
struct port_state {
	char port[16], state[16]; /* "8080/tcp"; "starting", "listening", ...; "": not told */
};

/* The ports of the service. */
struct ports_state {
	struct port_state ports[PORTS_MAX];
	unsigned count; /* of those kept */
};

struct upstream_state {
	char endpoint[264], state[16], words[80];
	char source[128];     /* "setting", "name", "srv:NAME" */
	long long connect_us; /* -1: not told */
};

/* A name or service of relay.upstream. */
struct source_state {
	char item[264], state[16], words[320]; /* words may hold a whole name */
};

/* What is refused at once, by reason; then what is closed by a limit. */
enum refusal {
	REFUSED_NOT_ALLOWED,
	REFUSED_GUARD,
	REFUSED_FULL,
	REFUSED_CLIENT_FULL,
	REFUSED_NO_UPSTREAM,
	REFUSED_FIRST_BYTE,
	REFUSED_MEMORY,
	CLOSED_IDLE,
	CLOSED_SESSION_TIME,
	REFUSAL_COUNT
};

/* The keys of service/relay for them. */
extern const char *const refusal_keys[REFUSAL_COUNT];

/* Prefixes as text. */
struct prefix_list {
	char text[ALLOWED_MAX][48];
	unsigned count; /* in all; more than ALLOWED_MAX are not kept */
};

struct relay_state {
	enum record_status status;
	char state[24], hint[96], guard[384];
	struct upstream_state upstreams[UPSTREAMS_MAX];
	unsigned upstream_count; /* in all; more than UPSTREAMS_MAX are not kept */
	long long upstreams_left_out;
	struct source_state sources[SOURCES_MAX];
	unsigned source_count; /* in all */
	struct prefix_list allowed, on_link;
	long long connections_now, connections_total, connections_max; /* -1: not told */
	long long connections_refused, connections_failed;
	long long refusals[REFUSAL_COUNT];
	long long bytes_to_upstream, bytes_to_client; /* -1: not told */
	long long connect_p50_us, connect_p99_us;     /* -1: not told */
	long long session_p50_ms, session_p99_ms;     /* -1: not told */
};

struct address_state {
	char address[52], origin[16], flags[40];
	int64_t expires_ms;
};

struct gateway_state {
	char address[48], origin[16];
};

struct nic_state {
	enum record_status status;
	char ifname[20], mac[24], driver[24], link[12];
	char dhcp4[16], dhcp6[16], ra[16], dhcp4_server[48];
	bool up;
	long long dhcp4_renew_ms; /* -1: not told */
	struct address_state addresses[ADDRESSES_MAX];
	unsigned address_count; /* in all */
	struct gateway_state gateways[GATEWAYS_MAX];
	unsigned gateway_count;      /* in all */
	int64_t no_address_since_ms; /* -1: not told */
};

struct server_state {
	char address[52], origin[16], ifname[20];
};

struct resolver_state {
	enum record_status status;
	struct server_state servers[SERVERS_MAX];
	unsigned server_count; /* in all */
	char search[160];
	char trust[64]; /* the NICs whose words are taken, "none", or "" for all */
};

/* What of the settings of addresses, VLANs and MTUs is not in force, in words. */
struct link_state {
	char lines[LINK_LINES_MAX][128];
	unsigned count; /* in all; more than LINK_LINES_MAX are not kept */
};

struct log_state {
	enum record_status status;
	bool whole;            /* all lines are read, not only as many as fit below the status */
	long long lines_total; /* since boot */
	long long count;       /* of those in `lines`, the newest */
	size_t bytes;
	char lines[LOG_LINES_BYTES_MAX];
};

/* Where lines are sent (docs/records.md, log/state). */
struct collector_state {
	enum record_status status;
	char collector[272], origin[16], state[16], error[96];
	long long sent, lost, queued; /* lines */
	long long limited;            /* lines that were left out: their writers brought too many */
};

/* How the agent stands with the hypervisor. */
struct agent_state {
	enum record_status status;
	char backend[16], state[16], error[96], last_request[64];
	long long requests, refused;
	long long last_request_ms; /* -1: not told */
};

struct settings_state {
	enum record_status status;
	struct record_view view;
};

struct status {
	struct system_state system;
	struct settings_state settings;
	struct child_state service;
	struct ports_state ports;
	struct child_state children[CHILDREN_MAX];
	unsigned child_count; /* in all; at most CHILDREN_MAX are kept */
	struct relay_state relay;
	struct nic_state nics[NICS_MAX];
	unsigned nic_count; /* in all; at most NICS_MAX are kept */
	struct resolver_state resolver;
	struct link_state link;
	struct log_state log;
	struct collector_state collector;
	struct agent_state agent;
};

/* Each takes what record_read gave: V is looked at only when STATUS is RECORD_READ. */
void system_from_record(struct system_state *s, const struct record_view *v, enum record_status status);
void child_from_record(
	struct child_state *s, const char *name, const struct record_view *v, enum record_status status);
void ports_from_record(struct ports_state *s, const struct record_view *v, enum record_status status);
void relay_from_record(struct relay_state *s, const struct record_view *v, enum record_status status);
void resolver_from_record(struct resolver_state *s, const struct record_view *v, enum record_status status);
void collector_from_record(struct collector_state *s, const struct record_view *v, enum record_status status);
void agent_from_record(struct agent_state *s, const struct record_view *v, enum record_status status);
void link_from_record(struct link_state *s, const struct record_view *v, enum record_status status);

void nic_from_record(
	struct nic_state *s, const char *ifname, const struct record_view *v, enum record_status status);

/* S->lines holds BYTES, all of the form, as log_lines_read gives them; LINES_TOTAL as log/state tells it, or
 * -1. */
void log_from_lines(struct log_state *s, size_t bytes, long long lines_total, enum record_status status);

/* Whether peers can reach this address: global, and not tentative, failed or run out. */
bool address_usable(const struct address_state *a, int64_t now_ms);
bool nic_usable(const struct nic_state *n, int64_t now_ms);

/* The first address by which peers can reach the guest, or NULL. */
const struct address_state *first_usable(const struct status *s, int64_t now_ms);

/* Whether the setting `ip` gives it nothing that it could wait for. */
bool nic_is_off(const struct nic_state *n);

/* Neither failing nor freshly restarted: nothing an admin needs to see. */
bool child_well(const struct child_state *c, int64_t now_ms);

/* The setting by which the relay lets nobody in: by wish, or because what was set cannot be read. NULL: none.
 */
const char *relay_closed_by(const struct relay_state *s);

/* Whether the relay lets in on-link clients alone and no network is on-link: an address of /32 or /128 has no
 * neighbours. */
bool relay_allows_no_network(const struct relay_state *s);

/* Whether it is known that clients cannot reach the service by it. */
bool port_flawed(const struct port_state *p);

/* Whether nothing can be asked of it, or only what an old answer says: failed, waiting, stale. */
bool source_flawed(const struct source_state *s);

#endif
