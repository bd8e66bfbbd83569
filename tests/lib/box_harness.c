/* A service in its box without a guest: `box_harness DESCRIPTION` does PID 1's part of it, with init's own
 * code. Lines of the service go to standard output as "out LINE", what it sends to syslog() as "syslog LINE",
 * init's own as "init LINE". SIGHUP restarts the service, SIGTERM ends it and the harness. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init/box.h"
#include "init/children.h"
#include "common/log.h"
#include "common/record.h"

static struct appliance appliance;
static struct box box;
static struct config config;
static struct loop loop;
static struct children children;
static struct child *service;

struct reader {
	struct loop_fd fd;
	const char *name;
	char line[4096];
	size_t used;
};

/* To go below what it has, a process needs a right that whoever runs tests may not have. */
void __real_become_oom_victim(int report, int score);
void __wrap_become_oom_victim(int report, int score);
void __wrap_become_oom_victim(int report, int score)
{
	if (score >= 0)
		__real_become_oom_victim(report, score);
}

static void complain(const char *error)
{
	log_warnx("%s", error);
}

static void print(const char *name, const char *text, size_t length)
{
	printf("%s %.*s\n", name, (int)length, text);
	fflush(stdout);
}

static void handle_lines(struct loop *l, struct loop_fd *w, uint32_t events)
{
	struct reader *r = container_of(w, struct reader, fd);
	(void)l;
	(void)events;
	ssize_t got = read(w->fd, r->line + r->used, sizeof(r->line) - r->used);
	if (got <= 0)
		return;
	r->used += (size_t)got;
	for (char *end; (end = memchr(r->line, '\n', r->used)) != NULL;) {
		size_t length = (size_t)(end - r->line);
		print(r->name, r->line, length);
		r->used -= length + 1;
		memmove(r->line, end + 1, r->used);
	}
	if (r->used == sizeof(r->line))
		r->used = 0;
}

static void handle_datagram(struct loop *l, struct loop_fd *w, uint32_t events)
{
	struct reader *r = container_of(w, struct reader, fd);
	(void)l;
	(void)events;
	ssize_t got = read(w->fd, r->line, sizeof(r->line));
	if (got > 0)
		print(r->name, r->line, (size_t)got);
}

static void handle_stopped(struct children *c)
{
	if (!children_running(c))
		exit(0);
}

static void handle_signal(struct loop *l, int number)
{
	(void)l;
	if (number == SIGCHLD)
		children_reap(&children);
	else if (number == SIGHUP)
		child_stop(&children, service, true);
	else if (number == SIGTERM) {
		children.shutting_down = true;
		child_stop(&children, service, false);
		handle_stopped(&children);
	}
}

static void handle_second(struct loop *l, struct loop_timer *timer)
{
	box_follow();
	loop_arm(l, timer, now_ms() + 100);
}

int main(int argc, char **argv)
{
	static struct reader output = {.fd.handle = handle_lines, .name = "out"};
	static struct reader own = {.fd.handle = handle_lines, .name = "init"};
	static struct reader syslog = {.fd.handle = handle_datagram, .name = "syslog"};
	static struct loop_signals signals = {.handle = handle_signal};
	static struct loop_timer second = {.handle = handle_second};
	log_open("init");
	if (argc != 2 || loop_init(&loop) < 0 || loop_signals(&loop, &signals, NULL) < 0 ||
		record_make_folder("init") < 0 || record_make_folder("net") < 0 ||
		children_init(&children, &loop, &appliance) < 0)
		fatal("%s", argv[0]);
	children.handle_stopped = handle_stopped;
	box_description_read(&box.description, &appliance, argv[1]);
	const char *available = getenv("AVAILABLE_BYTES");
	box_prepare(&box, available != NULL ? strtoull(available, NULL, 10) : UINT64_C(1) << 30,
		appliance.processes_limit, "service");
	const char *settings = getenv("SETTINGS");
	config_init(&config);
	config_read_text(&config, settings, strlen(settings), "test", complain);
	children.config = &config;
	service = children_add(&children, &(struct program){.name = appliance.service,
						  .user = "service",
						  .arguments = box.description.command.word,
						  .is_service = true,
						  .capabilities = appliance.capabilities,
						  .processes_limit = (unsigned)appliance.processes_limit,
						  .files_limit = 1024,
						  .oom_score_adj = 1000,
						  .sandbox = SANDBOX_OPEN,
						  .box = &box});
	output.fd.fd = service->output_read;
	own.fd.fd = children.own_output[0];
	syslog.fd.fd = box.log_socket;
	if (loop_add(&loop, &output.fd, EPOLLIN) < 0 || loop_add(&loop, &own.fd, EPOLLIN) < 0 ||
		loop_add(&loop, &syslog.fd, EPOLLIN) < 0)
		fatal("event loop");
	child_start(&children, service);
	loop_arm(&loop, &second, now_ms());
	while (loop_run(&loop) == 0)
		;
	return 1;
}
