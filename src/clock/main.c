/* clock: keeps an ntpd going that asks the present time servers, and tells in the record clock/state how the
 * clock is. Without arguments. `clock ACTION` is what ntpd calls (its -S); it hands the news over through its
 * standard output, a pipe to the first. docs/configuration.md, "Name and time". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"
#include "common/loop.h"
#include "records/nic.h"
#include "records/watch.h"
#include "state.h"

enum { ARGUMENTS_MAX = 4 + 2 * TIME_SERVERS_MAX + 1, WRITE_RETRY_MS = 5000 };

static struct clock {
	struct loop loop;
	struct loop_signals signals;
	struct watch watch;            /* of net's records */
	struct loop_timer write_timer; /* armed: the record could not be written */
	struct loop_fd reports;        /* of the ntpd that runs; -1: none */
	char line[REPORT_LINE_MAX];
	size_t line_used;
	char setting[CONFIG_VALUE_MAX];
	struct servers servers; /* those that are asked, or are to be */
	unsigned families;
	pid_t ntpd;    /* 0: none */
	bool stopping; /* it was told to end */
	struct state state;
} clock_;

static void write_record(void)
{
	static struct record r;
	state_to_record(&r, &clock_.state, &clock_.servers);
	loop_disarm(&clock_.loop, &clock_.write_timer);
	if (record_commit(&r, "clock", "state") == 0)
		return;
	log_warn("record clock/state, again in %d s", WRITE_RETRY_MS / 1000);
	loop_arm(&clock_.loop, &clock_.write_timer, now_ms() + WRITE_RETRY_MS);
}

static void handle_write_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	write_record();
}

/* Whole lines of LINE; the rest stays for the next read. */
static void take_lines(void)
{
	char *end;
	while ((end = memchr(clock_.line, '\n', clock_.line_used)) != NULL) {
		struct report report;
		size_t length = (size_t)(end - clock_.line);
		if (report_parse(&report, clock_.line, length)) {
			state_report(&clock_.state, &report, now_ms());
			write_record();
		} else {
			log_warnx("ntpd told \"%.*s\": not understood", (int)length, clock_.line);
		}
		clock_.line_used -= length + 1;
		memmove(clock_.line, end + 1, clock_.line_used);
	}
	if (clock_.line_used == sizeof(clock_.line))
		clock_.line_used = 0;
}

static void handle_reports(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	ssize_t got = read(w->fd, clock_.line + clock_.line_used, sizeof(clock_.line) - clock_.line_used);
	(void)events;
	if (got == 0)
		loop_remove(loop, w); /* SIGCHLD tells the rest */
	if (got <= 0)
		return;
	clock_.line_used += (size_t)got;
	take_lines();
}

static _Noreturn void run_ntpd(int report_fd)
{
	const char *arguments[ARGUMENTS_MAX] = {"ntpd", "-n", "-S", "clock"};
	size_t count = 4;
	sigset_t none;
	for (unsigned i = 0; i < clock_.servers.count; i++) {
		arguments[count++] = "-p";
		arguments[count++] = clock_.servers.host[i];
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(report_fd, STDOUT_FILENO) >= 0)
		execvp(arguments[0], (char *const *)arguments);
	fatal("cannot start ntpd");
}

static void start_ntpd(void)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		fatal("pipe");
	clock_.ntpd = fork();
	if (clock_.ntpd == 0)
		run_ntpd(ends[1]);
	close(ends[1]);
	clock_.stopping = false;
	clock_.line_used = 0;
	/* What the one before still had to say is of no interest. */
	loop_close(&clock_.loop, &clock_.reports);
	clock_.reports.fd = ends[0];
	if (clock_.ntpd < 0 || loop_add(&clock_.loop, &clock_.reports, EPOLLIN) < 0)
		fatal("starting ntpd");
}

/* It keeps nothing, and SIGTERM would wait until a name is resolved. */
static void stop_ntpd(void)
{
	if (clock_.ntpd > 0)
		kill(clock_.ntpd, SIGKILL);
	clock_.stopping = true;
}

static unsigned families(void)
{
	static struct record_view nic;
	char names[NICS_MAX][RECORD_NAME_MAX];
	size_t count = record_list("net", names, NICS_MAX);
	unsigned mask = 0;
	for (size_t i = 0; i < count && i < NICS_MAX; i++)
		if (strcmp(names[i], "resolver") != 0 && record_read(&nic, "net", names[i]) == 0)
			mask |= families_of(&nic, now_ms());
	return mask;
}

/* The state of a clock that nobody is asked about; CLOCK_ASKING when somebody can be. */
static enum clock_state idle_state(void)
{
	if (clock_.servers.off)
		return CLOCK_OFF;
	if (clock_.servers.count == 0)
		return CLOCK_NO_SERVERS;
	return clock_.families == 0 ? CLOCK_NO_ADDRESS : CLOCK_ASKING;
}

/* Reads what net tells, and acts on what differs. */
static void look(void)
{
	static struct record_view view;
	struct servers servers;
	unsigned before = clock_.families;
	record_read(&view, "net", "resolver"); /* empty when there is none */
	servers_read(&servers, clock_.setting, &view);
	clock_.families = families();
	bool others = !servers_equal(&servers, &clock_.servers);
	/* A new way to the servers: ntpd would find it after half a minute or more. */
	bool way = (clock_.families & ~before) != 0 && !state_good(&clock_.state);
	clock_.servers = servers;
	if (clock_.ntpd != 0) {
		if (others || way)
			stop_ntpd(); /* and SIGCHLD leads here again */
		return;
	}
	enum clock_state word = idle_state();
	if (state_set(&clock_.state, word, now_ms()) || others)
		write_record();
	if (word == CLOCK_ASKING)
		start_ntpd();
}

static void handle_watch(struct watch *w, unsigned places)
{
	(void)w, (void)places;
	look();
}

static void handle_child(void)
{
	int status;
	if (clock_.ntpd <= 0 || waitpid(clock_.ntpd, &status, WNOHANG | WUNTRACED) != clock_.ntpd)
		return;
	if (WIFSTOPPED(status)) { /* by a signal: it would never go on */
		kill(clock_.ntpd, SIGKILL);
		return;
	}
	clock_.ntpd = 0;
	if (!clock_.stopping) {
		errno = 0;
		fatal("ntpd has ended, wait status %d",
			status); /* init starts us again, and waits longer each time */
	}
	if (!clock_.loop.stopped) /* by a SIGTERM that came with this */
		look();
}

static void handle_signal(struct loop *loop, int number)
{
	if (number == SIGCHLD) {
		handle_child();
		return;
	}
	stop_ntpd();
	loop_stop(loop);
}

static void open_all(void)
{
	static const char *const places[] = {"net"};
	clock_.signals.handle = handle_signal;
	clock_.write_timer.handle = handle_write_timer;
	if (loop_init(&clock_.loop) < 0 ||
		loop_signals(&clock_.loop, &clock_.signals, (const int[]){SIGCHLD, SIGTERM, SIGINT, 0}) < 0)
		fatal("event loop");
	clock_.reports = (struct loop_fd){.fd = -1, .handle = handle_reports};
	watch_open(&clock_.watch, &clock_.loop, places, 1, handle_watch);
	if (record_make_folder("clock") < 0)
		log_warn("cannot make the folder of the record");
}

/* The setting, and what a process before this one knew. */
static void read_before(void)
{
	static struct record_view view;
	struct text setting = TEXT(clock_.setting);
	const char *value = config_load_one(CONFIG_NTP, &view);
	if (value == NULL && errno != 0)
		fatal("record init/config");
	text_add(&setting, "%s", value != NULL ? value : "");
	struct clock_record before;
	clock_record_read(&before, &view, record_load(&view, "clock", "state"));
	clock_.state.is_ntps = strcmp(before.source, "ntp") == 0;
}

static int tell(const char *action)
{
	char line[REPORT_LINE_MAX];
	struct text t = TEXT(line);
	text_add_report(&t, action);
	return write(STDOUT_FILENO, line, t.used) == (ssize_t)t.used ? 0 : EXIT_SYSTEM;
}

int main(int argc, char **argv)
{
	log_open("clock");
	if (argc > 2) {
		log_warnx("takes no arguments but ntpd's");
		return EXIT_USAGE;
	}
	if (argc == 2)
		return tell(argv[1]);
	open_all();
	read_before();
	watch_read(&clock_.watch);
	if (loop_run(&clock_.loop) < 0)
		fatal("event loop");
	if (clock_.ntpd > 0)
		waitpid(clock_.ntpd, NULL, 0);
	loop_free(&clock_.loop);
	return 0;
}
