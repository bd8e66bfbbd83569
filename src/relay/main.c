/* relay: passes TCP connections on to an upstream host. No arguments: its settings are in the record
 * init/config. SIGTERM or SIGINT drains it. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "common/config.h"
#include "common/log.h"
#include "common/record.h"
#include "relay.h"

enum { DRAIN_MS = 1500 }; /* init gives each child 2 s to end */

static struct relay relay;

static void handle_drain_end(struct loop *loop, struct loop_timer *timer)
{
	(void)timer;
	log_info("drained for %d ms, %zu connections are reset", DRAIN_MS, relay.sessions.count);
	loop_stop(loop);
}

static struct loop_timer drain_timer = {.handle = handle_drain_end};

static void handle_signal(struct loop *loop, int number)
{
	/* To come: read the settings again, keep the sessions. */
	if (number == SIGHUP || relay.sessions.draining)
		return;
	log_info("draining %zu connections", relay.sessions.count);
	for (size_t i = 0; i < relay.listener_count; i++)
		listener_close(&relay.listeners[i]);
	loop_arm(loop, &drain_timer, now_ms() + DRAIN_MS);
	sessions_drain(&relay.sessions);
	report_write(&relay.report);
}

static void watch_signals(void)
{
	static struct loop_signals signals = {.handle = handle_signal};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* splice(2) has no MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	if (loop_signals(&relay.loop, &signals, &set) < 0)
		fatal("signals");
}

static void read_settings(void)
{
	static struct config config;
	char message[256];
	struct text error = TEXT(message);
	config_load(&config);
	if (!settings_read(&relay.settings, &config, &error))
		log_warnx("%s", message);
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

static void start_sessions(void)
{
	unsigned pipes;
	size_t wanted = relay.settings.max_connections, files = raise_file_limit();
	size_t max = settings_sessions_for(wanted, files, &pipes);
	if (max < wanted)
		log_warnx("relay.max-connections=%zu: only %zu are possible with %zu open files", wanted, max,
			files);
	sessions_init(&relay.sessions, &relay.loop, &relay.upstreams, &relay.report, max, pipes,
		relay.settings.idle_timeout_ms);
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

int main(int argc, char **argv)
{
	log_open("relay");
	(void)argv;
	if (argc != 1) {
		log_warnx("takes no arguments");
		return EXIT_USAGE;
	}
	read_settings();
	if (loop_init(&relay.loop) < 0)
		fatal("epoll");
	watch_signals();
	if (record_make_folder("service") < 0)
		log_warn("cannot make the folder of the record, going on without it");
	report_init(&relay.report, &relay.loop, &relay);
	start_sessions();
	upstreams_init(&relay.upstreams, &relay.loop, &relay.report, &relay.settings);
	for (size_t i = 0; i < relay.settings.listen_count; i++) {
		const struct endpoint *e = &relay.settings.listen[i];
		relay.listener_count++;
		listener_init(&relay.listeners[i], &relay.loop, &relay.sessions, &relay.report, e,
			ipv4_is_listed(e));
	}
	report_changed(&relay.report);
	if (loop_run(&relay.loop) < 0)
		fatal("epoll_wait");
	sessions_free(&relay.sessions);
	upstreams_free(&relay.upstreams);
	record_remove("service", "relay");
	loop_free(&relay.loop);
	return 0;
}
