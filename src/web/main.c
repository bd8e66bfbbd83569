/* web: the status page, status.json, metrics and log by HTTP, from the records. */
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/record.h"
#include "records/watch.h"
#include "status/load.h"
#include "host.h"
#include "listener.h"
#include "views.h"

static struct {
	struct loop loop;
	struct loop_signals signals;
	struct networks networks;
	struct server server;
	struct listener listener;
	struct config config;
	struct watch watch;
	struct facts facts;
} web;

/* Rereads those of FOLDERS that changed. WHOLE: with all lines of the log. */
static void load_facts(unsigned folders, bool whole)
{
	static unsigned changed; /* and not read since */
	struct timespec clock;
	struct facts *f = &web.facts;
	changed |= watch_ask(&web.watch);
	if (whole && !f->status.log.whole)
		changed |= 1u << FOLDER_LOG;
	f->status.log.whole = whole;
	file_take_error(); /* of other files */
	state_load(&f->status, changed & folders);
	if (file_take_error() == 0) /* else they are read again for the next answer */
		changed &= ~folders;
	f->web = web.server.counts;
	bool set = f->status.system.clock_source[0] != '\0' &&
		   strcmp(f->status.system.clock_source, "none") != 0;
	/* Both clocks now: reading the records took a while. */
	clock_gettime(CLOCK_REALTIME, &clock);
	f->boot_unix_ms = set ? (int64_t)clock.tv_sec * 1000 + clock.tv_nsec / 1000000 - now_ms() : -1;
}

/* Not for /healthz: a balancer may use any name, and the answer is a single line. */
static bool is_asked_elsewhere(struct answer *a, view_write *write, const char *host)
{
	const struct status *s = &web.facts.status;
	if (write == health_write || host_is_ours(host, s))
		return false;
	answer_begin(a, 421, "text/plain; charset=utf-8"); /* Misdirected Request, RFC 9110 15.5.20 */
	text_add(&a->body, "ask by the address, or by the name %s; another one can be set: hostname=NAME\n",
		s->system.hostname);
	return true;
}

static bool write_view(struct server *s, struct answer *a, const char *path, const char *host)
{
	static const struct {
		const char *path;
		view_write *write;
		unsigned folders;
	} views[] = {
		{"/", page_write, FOLDERS_ALL},
		{"/status.json", status_write, FOLDERS_ALL},
		{"/metrics", metrics_write, FOLDERS_ALL},
		{"/healthz", health_write, FOLDERS_ALL & ~(1u << FOLDER_LOG | 1u << FOLDER_AGENT)},
		{"/log", log_write, 1u << FOLDER_INIT | 1u << FOLDER_NET | 1u << FOLDER_LOG},
	};
	int64_t now = now_ms();
	(void)s;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (strcmp(path, views[i].path) != 0)
			continue;
		load_facts(views[i].folders, views[i].write == log_write);
		if (is_asked_elsewhere(a, views[i].write, host))
			return true;
		/* Of the network namespace; empty when it cannot be read. */
		if (views[i].write == metrics_write)
			file_read("/proc/net/dev", web.facts.nic_counters, sizeof(web.facts.nic_counters));
		views[i].write(a, &web.facts, now);
		return true;
	}
	return false;
}

static void handle_signal(struct loop *loop, int number)
{
	(void)number;
	loop_stop(loop);
}

static void handle_networks(struct networks *n)
{
	(void)n; /* they are looked at when a client comes */
}

static void read_allow(struct allow *allow)
{
	const char *at = config_get(&web.config, CONFIG_STATUS_ALLOW), *item;
	size_t length;
	while (config_next_item(&at, &item, &length))
		allow_take(allow, item, length); /* checked when it was set */
}

int main(int argc, char **argv)
{
	struct allow allow = {0};
	(void)argv;
	log_open("web");
	if (argc != 1) {
		log_warnx("takes no arguments");
		return EXIT_USAGE;
	}
	if (config_load(&web.config) < 0)
		fatal("record init/config");
	uint16_t port = (uint16_t)config_number(&web.config, CONFIG_STATUS_PORT);
	if (port == 0) {
		log_info("off by the setting status-port=0");
		return 0;
	}
	web.signals.handle = handle_signal;
	if (loop_init(&web.loop) < 0 ||
		loop_signals(&web.loop, &web.signals, (const int[]){SIGTERM, SIGINT, 0}) < 0)
		fatal("event loop");
	if (server_init(&web.server, &web.loop, write_view) < 0)
		fatal("the HTTP server");
	/* It is not woken by records: a scraper asks when it likes. */
	watch_open(&web.watch, NULL, folder_names, FOLDER_COUNT, NULL);
	read_allow(&allow);
	networks_init(&web.networks, &web.loop, handle_networks);
	listener_init(&web.listener, &web.loop, &web.server, &web.networks, &allow, port);
	if (loop_run(&web.loop) < 0)
		fatal("event loop");
	listener_close(&web.listener);
	server_free(&web.server);
	networks_free(&web.networks);
	loop_free(&web.loop);
	return 0;
}
