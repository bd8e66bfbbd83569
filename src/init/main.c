/* PID 1: prepares the guest, starts the children, keeps them going, ends in order. It never exits and never
 * blocks. Called as poweroff or reboot it is a client of the running one. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "box.h"
#include "common/log.h"
#include "common/record.h"
#include "control_server.h"
#include "host_name.h"
#include "mounts.h"
#include "ports.h"
#include "programs.h"
#include "records/resolver.h"
#include "room.h"
#include "setting_sources.h"
#include "system.h"

enum { RECORD_MS = 1000, AGAIN_MS = 100 };

static struct appliance appliance;
static struct box box;
static struct settings settings;
static struct loop loop;
static struct children children;
static struct power power;
static struct watchdog watchdog;
static struct host_name host_name;
static struct system state = {.appliance = &appliance,
	.settings = &settings,
	.power = &power,
	.watchdog = &watchdog,
	.host_name = &host_name};

static void write_system(void)
{
	system_write_record(&state);
}

/* net's record is looked at here and nowhere else, so whatever net does, PID 1 reads it once a second. */
static void follow_host_name(void)
{
	static struct record_view v;
	record_read(&v, "net", "resolver"); /* empty when it cannot be read */
	host_name_follow(&host_name, record_get(&v, KEY_OF(resolver, host_name)));
}

static void handle_signal(struct loop *l, int number)
{
	(void)l;
	if (number == SIGCHLD)
		children_reap(&children);
	else if (number == SIGINT) /* the kernel's word for Ctrl-Alt-Del, reboot(2) RB_DISABLE_CAD */
		power_end(&power, RB_AUTOBOOT, "Ctrl-Alt-Del");
}

static void publish_settings(void)
{
	host_name_begin(&host_name, &settings.config);
	if (config_save(&settings.config) < 0)
		log_warn("record init/config");
}

/* What the hypervisor says after the start: whoever follows a setting starts anew with it. */
static void read_settings_again(void)
{
	static struct settings before;
	before = settings;
	settings_read(&settings);
	if (config_same(&before.config, &settings.config))
		return;
	log_info("new settings from the hypervisor: restarting the programs that use them");
	publish_settings();
	programs_renew(&children, &before.config, &settings.config);
}

static void handle_request(const char *request, const char *user, char answer[static CONTROL_MESSAGE_MAX])
{
	char reason[CONTROL_MESSAGE_MAX];
	snprintf(reason, sizeof(reason), "requested by %s", user);
	snprintf(answer, CONTROL_MESSAGE_MAX, "ok");
	if (power.state != POWER_ON) {
		snprintf(answer, CONTROL_MESSAGE_MAX, "refused: stopping already");
	} else if (strcmp(request, CONTROL_RESTART_SERVICE) == 0 && power.service != NULL) {
		log_info("restart of the service, %s", reason);
		child_stop(&children, power.service, true);
	} else if (strcmp(request, CONTROL_POWEROFF) == 0) {
		power_end(&power, RB_POWER_OFF, reason);
	} else if (strcmp(request, CONTROL_REBOOT) == 0) {
		power_end(&power, RB_AUTOBOOT, reason);
	} else if (strcmp(request, CONTROL_READ_SETTINGS) == 0) {
		read_settings_again();
	} else {
		snprintf(answer, CONTROL_MESSAGE_MAX, "refused: not one of %s, %s, %s, %s",
			CONTROL_RESTART_SERVICE, CONTROL_POWEROFF, CONTROL_REBOOT, CONTROL_READ_SETTINGS);
	}
}

/* /sbin/poweroff and /sbin/reboot: the kernel runs them when a hypervisor asks (kernel/reboot.c). */
static int ask(const char *path)
{
	char answer[CONTROL_MESSAGE_MAX];
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	if (control_request(strcmp(name, "reboot") == 0 ? CONTROL_REBOOT : CONTROL_POWEROFF, answer) < 0)
		fatal("%s: init does not answer", name);
	if (strcmp(answer, "ok") != 0) {
		log_warnx("%s: %s", name, answer);
		return EXIT_USAGE;
	}
	return 0;
}

static int open_loop(void)
{
	return loop_init(&loop);
}

static int watch_signals(void)
{
	static struct loop_signals signals = {.handle = handle_signal};
	return loop_signals(&loop, &signals, NULL);
}

static int open_outputs(void)
{
	return children_init(&children, &loop, &appliance);
}

/* Without these there is no guest: nothing else is left to do. */
static void insist(int (*step)(void), const char *what)
{
	while (step() < 0) {
		log_warn("%s, trying again", what);
		nanosleep(&(struct timespec){.tv_nsec = AGAIN_MS * 1000000}, NULL);
	}
}

static int listen_to_requests(void)
{
	return control_server_start(&loop, handle_request);
}

static int listen_to_button(void)
{
	return power_watch_button(&power);
}

static int listen_to_devices(void)
{
	return agent_watch(&children);
}

static struct {
	const char *name;
	int (*start)(void);
	bool due, said;
} listeners[] = {
	{"power button", listen_to_button, false, false},
	{"control socket", listen_to_requests, false, false},
	{"the kernel's events of devices", listen_to_devices, false, false},
};

/* Those that are due; what fails is tried again each second, unless this kernel is without it. */
static void start_listeners(void)
{
	for (size_t i = 0; i < sizeof(listeners) / sizeof(listeners[0]); i++) {
		if (!listeners[i].due)
			continue;
		listeners[i].due =
			listeners[i].start() < 0 && errno != EPROTONOSUPPORT && errno != EAFNOSUPPORT;
		if (listeners[i].due && !listeners[i].said)
			log_warn("%s, trying again", listeners[i].name);
		listeners[i].said = listeners[i].due;
	}
}

static void handle_second(struct loop *l, struct loop_timer *timer)
{
	follow_host_name();
	if (children.box != NULL)
		box_follow();
	if (ports_look(&children, power.service))
		child_write_record(&children, power.service);
	children_look(&children);
	start_listeners();
	write_system();
	loop_arm(l, timer,
		timer->deadline_ms + RECORD_MS > now_ms() ? timer->deadline_ms + RECORD_MS : now_ms());
}

static void prepare_first(void)
{
	mount_step(MOUNT_FIRST);
	insist(open_outputs, "the log's pipe");
	log_open("init"); /* its lines go to the log from here on */
	log_never_wait();
	log_info("PID 1 started at %lld ms", (long long)state.started_ms);
	appliance_read(&appliance, "/etc/thimble/appliance");
	box_description_read(&box.description, &appliance, "/etc/thimble/service");
	appliance.processes_limit = processes_bound(appliance.processes_limit);
	children.box = box.description.root != NULL ? &box : NULL;
	settings_read(&settings);
	publish_settings();
}

/* What the others need and the screens do not. */
static void prepare_rest(void)
{
	if (children.box != NULL) {
		box_prepare(&box, memory_read().available_bytes, appliance.processes_limit, "service");
		children.log_socket = box.log_socket;
	}
	close_user_namespaces();
	mount_step(MOUNT_REST);
	bring_loopback_up(); /* first: with ndisc_notify it would tell itself of ::1, and warn of what it
				hears */
	apply_sysctl("/etc/sysctl.conf");
	if (children.box != NULL)
		open_network_to_box();
	if (box.description.memfd != 0)
		open_memory_files();
	set_tcp_memory(memory_read().available_bytes);
}

/* Starts whoever does not run yet; the screens first, so that people see the rest come up. */
static void start_children(bool only_screens)
{
	for (size_t i = 0; i < children.count; i++)
		if (!only_screens || children.child[i].program.terminal != NULL)
			child_start(&children, &children.child[i]);
}

int main(int argc, char **argv)
{
	static struct loop_timer second = {.handle = handle_second};
	log_open("init");
	if (getpid() != 1)
		return ask(argc > 0 ? argv[0] : "poweroff");
	state.started_ms = now_ms();
	insist(open_loop, "event loop");
	prepare_first();
	signal(SIGPIPE, SIG_IGN);
	reboot(RB_DISABLE_CAD);
	insist(watch_signals, "signals");
	power_init(&power, &children, write_system);
	power.service = programs_add(&children, &settings.config, host_name.at_boot);
	room_prepare(&children);
	/* Who asks for the end before the rest is up is heard as well. */
	listeners[0].due = listeners[1].due = true;
	start_listeners();
	write_system();
	/* The screens show the kernel's warnings from the log; on the console itself only its last words may
	 * stand between them (SYSLOG_ACTION_CONSOLE_LEVEL of syslog(2)). */
	if (klogctl(8, NULL, 1) < 0)
		log_warn("console log level");
	start_children(true);
	prepare_rest();
	start_children(false);
	listeners[2].due = true;
	start_listeners();
	watchdog_start(&watchdog, &loop);
	loop_arm(&loop, &second, now_ms() + RECORD_MS);
	/* An error of epoll itself must not end PID 1. */
	while (loop_run(&loop) < 0)
		log_warn("event loop");
	for (;;)
		pause();
}
