/* resolver: finds the relay's upstreams by DNS. No arguments: its settings are in the record init/config;
 * what it finds, it writes to the record resolver/upstreams. docs/resolver.md. */
#include <signal.h>
#include <string.h>

#include "common/log.h"
#include "records/watch.h"
#include "report.h"
#include "source.h"

enum { WRITE_RETRY_MS = 5000 };

static struct resolver {
	struct loop loop;
	struct loop_signals signals;
	struct watch watch;
	struct loop_timer write_timer; /* armed: the record is to be written */
	struct config config;
	struct environment environment;
	struct sources sources;
	char upstream[CONFIG_VALUE_MAX]; /* the setting in force */
	bool holds_back; /* the record of a process before this one stays until everything was asked once */
	bool write_failed;
} resolver;

static bool is_first_question_open(void)
{
	for (size_t i = 0; i < resolver.sources.count; i++) {
		const struct source *s = resolver.sources.list[i];
		if (s->state == SOURCE_WAITING && s->words[0] == '\0')
			return true;
	}
	return false;
}

static void handle_write(struct loop *loop, struct loop_timer *timer)
{
	if (resolver.holds_back && is_first_question_open())
		return;
	resolver.holds_back = false;
	bool failed = report_write(&resolver.sources, resolver.upstream) < 0;
	if (failed && !resolver.write_failed)
		log_warn("cannot write the record resolver/upstreams, again in %d s", WRITE_RETRY_MS / 1000);
	if (failed)
		loop_arm(loop, timer, now_ms() + WRITE_RETRY_MS);
	resolver.write_failed = failed;
}

/* All that changes in one round of the loop is written at its end, once. */
static void handle_changed(struct sources *all)
{
	(void)all;
	loop_arm(&resolver.loop, &resolver.write_timer, now_ms());
}

/* Reads all settings and what net tells, and acts on what differs. */
static void read_all(void)
{
	if (config_load(&resolver.config) < 0)
		return; /* what is in force stays; the watch has it read again */
	const char *upstream = config_get(&resolver.config, CONFIG_RELAY_UPSTREAM);
	struct environment e;
	environment_read(&e, &resolver.config);
	if (!environment_is_same(&e, &resolver.environment)) {
		resolver.environment = e;
		sources_set_environment(&resolver.sources, &e);
	}
	if (strcmp(upstream, resolver.upstream) != 0) {
		strcpy(resolver.upstream, upstream);
		sources_set(&resolver.sources, upstream);
	}
}

static void handle_watch(struct watch *w, unsigned places)
{
	(void)w, (void)places;
	read_all();
}

static void handle_signal(struct loop *loop, int number)
{
	if (number == SIGHUP)
		watch_read(&resolver.watch);
	else
		loop_stop(loop);
}

static void watch_signals(void)
{
	resolver.signals.handle = handle_signal;
	if (loop_signals(&resolver.loop, &resolver.signals, (const int[]){SIGTERM, SIGINT, SIGHUP, 0}) < 0)
		fatal("signals");
}

int main(int argc, char **argv)
{
	/* net/resolv.conf is what the last one leads to in a guest. */
	static const char *const places[] = {
		"init/config", "net/resolver", "net/resolv.conf", environment_conf_path};
	log_open("resolver");
	(void)argv;
	if (argc != 1) {
		log_warnx("takes no arguments");
		return EXIT_USAGE;
	}
	resolver.write_timer.handle = handle_write;
	if (loop_init(&resolver.loop) < 0)
		fatal("epoll");
	watch_signals();
	if (record_make_folder("resolver") < 0)
		log_warn("cannot make the folder of the record");
	sources_init(&resolver.sources, &resolver.loop, handle_changed);
	watch_open(&resolver.watch, &resolver.loop, places, sizeof(places) / sizeof(places[0]), handle_watch);
	watch_read(&resolver.watch);
	resolver.holds_back = report_is_for(resolver.upstream);
	handle_changed(&resolver.sources);
	if (loop_run(&resolver.loop) < 0)
		fatal("epoll_wait");
	/* The record stays: what was true a moment ago serves the relay better than nothing. */
	sources_free(&resolver.sources);
	loop_free(&resolver.loop);
	return 0;
}
