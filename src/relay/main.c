/* relay: passes TCP connections on to an upstream host. No arguments: its settings are in the record
 * init/config. SIGHUP reads them again, SIGTERM or SIGINT drains. docs/relay.md. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "common/config.h"
#include "common/log.h"
#include "common/record.h"
#include "relay.h"

enum {
	DRAIN_MS = 1500, /* init gives each child 2 s to end */
	SETTINGS_AGAIN_MS = 1000,
};

static struct relay relay;
static struct loop_timer settings_timer; /* armed: they could not be read again */

static void handle_drain_end(struct loop *loop, struct loop_timer *timer)
{
	(void)timer;
	log_info("drained for %d ms, %zu connections are reset", DRAIN_MS, relay.sessions.count);
	loop_stop(loop);
}

static struct loop_timer drain_timer = {.handle = handle_drain_end};

/* 0, or -1 with errno: then those before stay in force. */
static int read_settings(void)
{
	static struct config config;
	char message[256];
	struct text error = TEXT(message);
	if (config_load(&config) < 0)
		return -1;
	if (!settings_read(&relay.settings, &config, &error))
		log_warnx("%s", message);
	return 0;
}

/* As many descriptors as allowed; returns how many. */
static size_t raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	rlim_t soft = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? soft : limit.rlim_max;
}

/* How many sessions there may be, and pipes. */
static size_t possible_sessions(unsigned *pipes)
{
	size_t wanted = relay.settings.max_connections, files = raise_file_limit();
	size_t max = settings_sessions_for(wanted, files, pipes);
	if (max < wanted)
		log_warnx("relay.max-connections=%zu: only %zu are possible with %zu open files", wanted, max,
			files);
	return max;
}

/* Whether the list has 0.0.0.0 with the port of E, which [::] must not take as well. */
static bool ipv4_is_listed(const struct endpoint *e)
{
	for (size_t i = 0; i < relay.settings.listen_count; i++) {
		const struct endpoint *other = &relay.settings.listen[i];
		struct sockaddr_in in;
		memcpy(&in, &other->address, sizeof(in));
		if (in.sin_family == AF_INET && in.sin_addr.s_addr == htonl(INADDR_ANY) &&
			other->port == e->port)
			return true;
	}
	return false;
}

static bool is_listened(const struct endpoint *e, bool ipv6_only)
{
	for (size_t i = 0; i < relay.listener_count; i++)
		if (relay.listeners[i].ipv6_only == ipv6_only &&
			strcmp(relay.listeners[i].endpoint.host, e->host) == 0 &&
			relay.listeners[i].endpoint.port == e->port)
			return true;
	return false;
}

static void open_listeners(void)
{
	for (size_t i = 0; i < relay.settings.listen_count; i++) {
		const struct endpoint *e = &relay.settings.listen[i];
		bool ipv6_only = ipv4_is_listed(e);
		if (!is_listened(e, ipv6_only))
			listener_init(&relay.listeners[relay.listener_count++], &relay.loop, &relay.sessions,
				&relay.report, e, ipv6_only);
	}
}

/* Closes those that the settings no longer name. One that stays is not touched: nobody in its backlog is
 * lost. */
static void close_listeners(void)
{
	struct listener *l = relay.listeners;
	while (l < relay.listeners + relay.listener_count) {
		bool named = false;
		for (size_t i = 0; i < relay.settings.listen_count && !named; i++) {
			const struct endpoint *e = &relay.settings.listen[i];
			named = strcmp(e->host, l->endpoint.host) == 0 && e->port == l->endpoint.port &&
				l->ipv6_only == ipv4_is_listed(e);
		}
		if (named) {
			l++;
			continue;
		}
		listener_close(l);
		struct listener *last = &relay.listeners[--relay.listener_count];
		if (l != last)
			listener_move(l, last);
	}
}

static void read_settings_again(void)
{
	unsigned pipes;
	log_info("reading the settings again");
	if (read_settings() < 0) {
		log_warn("record init/config, again in %d ms", SETTINGS_AGAIN_MS);
		loop_arm(&relay.loop, &settings_timer, now_ms() + SETTINGS_AGAIN_MS);
		return;
	}
	size_t max = possible_sessions(&pipes);
	sessions_renew(&relay.sessions, max, pipes);
	close_listeners();
	open_listeners();
	discovery_renew(&relay.discovery);
	report_changed(&relay.report);
}

static void handle_settings_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	read_settings_again();
}

static void handle_networks(struct networks *n)
{
	(void)n;
	upstreams_check_addresses(&relay.upstreams);
	report_changed(&relay.report);
}

static void handle_upstreams(struct upstreams *u)
{
	(void)u;
	report_changed(&relay.report);
}

static void drain_sessions(struct loop *loop)
{
	log_info("draining %zu connections", relay.sessions.count);
	for (size_t i = 0; i < relay.listener_count; i++)
		listener_close(&relay.listeners[i]);
	loop_arm(loop, &drain_timer, now_ms() + DRAIN_MS);
	sessions_drain(&relay.sessions);
	report_write(&relay.report);
}

static void handle_signal(struct loop *loop, int number)
{
	if (relay.sessions.draining)
		return;
	if (number == SIGHUP)
		read_settings_again();
	else
		drain_sessions(loop);
}

static void watch_signals(void)
{
	static struct loop_signals signals = {.handle = handle_signal};
	/* splice(2) has no MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	if (loop_signals(&relay.loop, &signals, (const int[]){SIGTERM, SIGINT, SIGHUP, 0}) < 0)
		fatal("signals");
}

int main(int argc, char **argv)
{
	unsigned pipes;
	log_open("relay");
	(void)argv;
	if (argc != 1) {
		log_warnx("takes no arguments");
		return EXIT_USAGE;
	}
	if (read_settings() < 0)
		fatal("record init/config");
	settings_timer.handle = handle_settings_timer;
	if (loop_init(&relay.loop) < 0)
		fatal("epoll");
	watch_signals();
	if (record_make_folder("service") < 0)
		log_warn("cannot make the folder of the record, going on without it");
	report_init(&relay.report, &relay.loop, &relay);
	networks_init(&relay.networks, &relay.loop, handle_networks);
	upstreams_init(&relay.upstreams, &relay.loop, &relay.settings, &relay.networks, handle_upstreams);
	discovery_init(&relay.discovery, &relay.loop, &relay.upstreams, &relay.settings);
	size_t max = possible_sessions(&pipes);
	sessions_init(&relay.sessions, &relay.loop, &relay.upstreams, &relay.networks, &relay.report,
		&relay.settings, max, pipes);
	open_listeners();
	report_changed(&relay.report);
	if (loop_run(&relay.loop) < 0)
		fatal("epoll_wait");
	sessions_free(&relay.sessions);
	discovery_free(&relay.discovery);
	upstreams_free(&relay.upstreams);
	networks_free(&relay.networks);
	record_remove("service", "relay");
	loop_free(&relay.loop);
	return 0;
}
