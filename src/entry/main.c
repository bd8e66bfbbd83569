/* entry: the first program of a container. Reads the settings, starts the appliance's helper and service,
 * keeps the helper going, and ends with the service. Arguments: key=value settings, or --help or --status.
 * docs/containers.md. */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "about.h"
#include "child.h"
#include "common/appliance.h"
#include "common/exit_words.h"
#include "common/log.h"
#include "common/record.h"
#include "common/service_command.h"
#include "gather.h"

enum {
	STOP_MS = 1700, /* the relay drains for 1.5 s, and all must be over within 2 s */
	STATUS_OF_SIGNAL = 128,
};

static struct entry {
	struct loop loop;
	struct loop_signals signals;
	struct loop_timer stop_timer;
	struct appliance appliance;
	struct config config;
	char *const *settings; /* the arguments */
	struct output own;
	struct child service, helper; /* the helper's name is NULL when there is none */
	bool stopping;
} entry;

static void put_in_words(char words[static 64], int status)
{
	struct text t = {.data = words, .size = 64};
	text_clear(&t);
	text_add_exit(&t, status);
}

/* The container ends with its service, and says how that ended. */
static _Noreturn void end_with(int status)
{
	char words[64];
	put_in_words(words, status);
	child_kill(&entry.loop, &entry.helper);
	if (!entry.stopping)
		exit_explain(entry.service.name, status, now_ms() - entry.service.started_ms);
	log_line(entry.stopping ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "%s: %s", entry.service.name, words);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_OF_SIGNAL + WTERMSIG(status));
}

/* Any other process is an orphan that this program inherits: waiting for it removes it. */
static void reap(void)
{
	int status, service_status = 0;
	char words[64];
	bool service_ended = false;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (entry.service.state == CHILD_RUNNING && pid == entry.service.pid) {
			child_ended(&entry.service);
			service_ended = true;
			service_status = status;
		} else if (entry.helper.state == CHILD_RUNNING && pid == entry.helper.pid) {
			child_ended(&entry.helper);
			put_in_words(words, status);
			child_start_later(&entry.loop, &entry.helper, words);
		}
	}
	if (service_ended)
		end_with(service_status);
}

static void handle_stop_deadline(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	log_warnx("%s: still there %d ms after SIGTERM; killed", entry.service.name, STOP_MS);
	child_signal(&entry.service, SIGKILL);
}

static void stop(void)
{
	if (entry.stopping)
		return;
	entry.stopping = true;
	entry.stop_timer.handle = handle_stop_deadline;
	loop_arm(&entry.loop, &entry.stop_timer, now_ms() + STOP_MS);
	child_signal(&entry.service, SIGTERM);
}

/* An error changes nothing: the settings in force stay, except for those that guard. */
static void read_settings_again(void)
{
	static struct config read;
	if (!gather_settings(&read, entry.settings)) {
		log_warnx("the settings stay as they were; where relay.allow or relay.guard cannot be read, "
			  "nobody may come");
		config_take_closed(&entry.config, &read);
	} else {
		if (strcmp(config_get(&read, CONFIG_SERVICE_ARGS),
			    config_get(&entry.config, CONFIG_SERVICE_ARGS)) != 0)
			log_warnx("service.args: the new ones are for the next start of the container");
		entry.config = read;
	}
	if (config_save(&entry.config) < 0)
		log_warn("record init/config: the settings stay as they were");
	child_signal(&entry.service, SIGHUP);
}

static void handle_signal(struct loop *loop, int number)
{
	(void)loop;
	switch (number) {
	case SIGCHLD:
		reap();
		break;
	case SIGTERM:
	case SIGINT:
		stop();
		break;
	case SIGHUP:
		read_settings_again();
		break;
	default:
		child_signal(&entry.service, number);
	}
}

static void watch_signals(void)
{
	static const int watched[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, 0};
	signal(SIGPIPE, SIG_IGN);
	entry.signals.handle = handle_signal;
	if (loop_signals(&entry.loop, &entry.signals, watched) < 0)
		fatal("signals");
}

static void prepare_service(void)
{
	static struct service_command command;
	struct child *s = &entry.service;
	service_command_read(&command, &entry.config);
	s->name = entry.appliance.service;
	s->arguments = (const char *const *)command.arguments;
	s->capabilities = entry.appliance.capabilities;
	if (account_prepare(&s->account, "service", "service") < 0)
		exit(EXIT_SYSTEM);
	if (output_open(&s->output, &entry.loop, s->name) < 0)
		fatal("%s: pipe", s->name);
}

static void prepare_helper(void)
{
	static char path[sizeof("/bin/") + sizeof(entry.appliance.helper)];
	static const char *arguments[] = {path, NULL};
	struct child *h = &entry.helper;
	if (entry.appliance.helper[0] == '\0')
		return;
	snprintf(path, sizeof(path), "/bin/%s", entry.appliance.helper);
	h->name = entry.appliance.helper;
	h->arguments = arguments;
	if (account_prepare(&h->account, h->name, h->name) < 0)
		exit(EXIT_SYSTEM);
	if (output_open(&h->output, &entry.loop, h->name) < 0)
		fatal("%s: pipe", h->name);
}

/* Writes the settings in force before any program reads them. */
static void prepare_settings(void)
{
	appliance_read(&entry.appliance, "/etc/thimble/appliance");
	if (!gather_settings(&entry.config, entry.settings))
		exit(EXIT_USAGE);
	if (accounts_make_folders() < 0)
		exit(EXIT_SYSTEM);
	if (config_save(&entry.config) < 0)
		fatal("cannot write the record %s/init/config as user %u", run_dir(), (unsigned)geteuid());
}

int main(int argc, char **argv)
{
	log_open("entry");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return about_help();
	if (argc == 2 && strcmp(argv[1], "--status") == 0)
		return about_status();
	entry.settings = argv + (argc > 0);
	if (loop_init(&entry.loop) < 0 || output_take_own(&entry.own, &entry.loop, "entry") < 0)
		fatal("event loop");
	atexit(outputs_flush);
	log_open("entry"); /* its lines go into a pipe from here on */
	prepare_settings();
	prepare_helper();
	prepare_service();
	watch_signals();
	/* Where we are not PID 1, orphans come to us all the same. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (entry.helper.name != NULL && child_start(&entry.helper) < 0)
		child_start_later(&entry.loop, &entry.helper, strerror(errno));
	if (child_start(&entry.service) < 0)
		fatal("%s: cannot start it", entry.service.name);
	if (loop_run(&entry.loop) < 0)
		fatal("epoll_wait");
	return EXIT_SYSTEM;
}
