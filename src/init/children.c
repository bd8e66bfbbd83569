#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "box.h"
#include "call_names.h"
#include "common/exit_words.h"
#include "common/log.h"
#include "common/record.h"
#include "records/child.h"
#include "report.h"
#include "service_check.h"
#include "spawn.h"

enum {
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 30000,
	AGAIN_MS = 100,
	BACKOFF_RESET_MS = 60000, /* a child that lived so long starts afresh */
};

static void handle_next_start(struct children *c, struct child *child);
static void handle_stop_deadline(struct children *c, struct child *child);
static void handle_clear_deadline(struct children *c, struct child *child);

/* One row a state: what records call it, whether a process is there, what its deadline does. */
static const struct {
	enum child_phase phase;
	bool has_process;
	void (*handle_deadline)(struct children *, struct child *);
} states[] = {
	[CHILD_STOPPED] = {PHASE_STOPPED, false, NULL},
	[CHILD_STARTING] = {PHASE_STARTING, true, NULL},
	[CHILD_RUNNING] = {PHASE_RUNNING, true, NULL},
	[CHILD_STOPPING] = {PHASE_STOPPING, true, handle_stop_deadline},
	[CHILD_CLEARING] = {PHASE_STOPPING, true, handle_clear_deadline},
	[CHILD_WAITING] = {PHASE_WAITING, false, handle_next_start},
};
_Static_assert(sizeof(states) / sizeof(states[0]) == CHILD_STATE_COUNT, "one row a state");

static struct children *all; /* for timers and descriptors, which know only their child */

static void add_ports(struct record *r, const char *key, const void *from)
{
	const struct appliance *a = ((const struct children *)from)->appliance;
	for (unsigned i = 0; i < a->port_count; i++)
		record_add_item(r, key, i + 1, "%s", a->ports[i]);
}

static void add_port_states(struct record *r, const char *key, const void *from)
{
	const struct children *c = from;
	for (unsigned i = 0; i < c->appliance->port_count; i++)
		if (port_state_words[c->port_state[i]] != NULL)
			record_add_item(r, key, i + 1, "%s", port_state_words[c->port_state[i]]);
}

void child_write_record(const struct children *c, struct child *child)
{
	static struct record r;
	const struct program *p = &child->program;
	bool runs = child->state == CHILD_STARTING || child->state == CHILD_RUNNING ||
		    child->state == CHILD_STOPPING;
	bool ended = child->last_exit[0] != '\0';
	bool checked = child->state == CHILD_RUNNING && child->health != HEALTH_UNTOLD;
	bool silent = child->state == CHILD_RUNNING && child->life.silent >= LIVENESS_SHOWN_LOOKS;
	char name[RECORD_NAME_MAX], number[16];
	const char *user = program_starts_as(p);
	if (p->box != NULL) {
		snprintf(number, sizeof(number), "%u", box_id(&p->box->description, p->box->description.uid));
		user = number;
	}
	snprintf(name, sizeof(name), p->is_service ? "service" : "child.%s", p->name);
	if (child->held && child->state == CHILD_STOPPED) {
		record_remove("init", name);
		child->unwritten = false;
		return;
	}
	child_record_write(
		&r, &(struct child_told){
			    .from = c,
			    .name = p->name,
			    .state = child_phase_words[silent ? PHASE_HUNG : states[child->state].phase],
			    .pid = runs ? child->pid : -1,
			    .since_ms = child->since_ms,
			    .silent_since_ms = silent ? child->life.since_ms : -1,
			    .next_start_ms =
				    child->state == CHILD_WAITING ? unless_zero(child->next_start_ms) : -1,
			    .starts = (long long)child->starts,
			    .restarts = child->starts > 0 ? (long long)child->starts - 1 : 0,
			    .last_exit = ended ? child->last_exit : NULL,
			    .last_exit_ms = ended ? child->last_exit_ms : -1,
			    .user = user,
			    .memory_limit_bytes = unless_zero((long long)p->memory_limit_bytes),
			    .processes_limit = unless_zero(p->processes_limit),
			    .health = checked ? health_words[child->health] : NULL,
			    .health_since_ms = checked ? child->health_since_ms : -1,
			    .port_items = p->is_service ? add_ports : NULL,
			    .port_state_items =
				    p->is_service && child->state == CHILD_RUNNING ? add_port_states : NULL,
		    });
	bool written = record_commit(&r, "init", name) == 0;
	if (!written && !child->unwritten)
		log_warn("record init/%s, trying again", name);
	child->unwritten = !written;
}

void child_write_empty(void)
{
	static struct record r;
	child_record_write(&r, &(struct child_told){.name = "service",
				       .state = child_phase_words[PHASE_EMPTY],
				       .pid = -1,
				       .since_ms = -1,
				       .silent_since_ms = -1,
				       .next_start_ms = -1,
				       .last_exit_ms = -1,
				       .memory_limit_bytes = -1,
				       .processes_limit = -1});
	if (record_commit(&r, "init", "service") < 0)
		log_warn("record init/service");
}

static struct child *find_service(struct children *c)
{
	struct child *child = c->child;
	while (child < c->child + c->count && !child->program.is_service)
		child++;
	return child;
}

static void show_health(enum health health)
{
	struct child *service = find_service(all);
	service->health = health;
	service->health_since_ms = now_ms();
	child_write_record(all, service);
}

static void handle_failed_check(const char *why)
{
	struct child *service = find_service(all);
	snprintf(service->why_ended, sizeof(service->why_ended), "its check failed: %.70s", why);
	log_warnx("%s: restarted: %s", service->program.name, service->why_ended);
	child_stop(all, service, true);
}

static void follow_with_check(struct children *c, struct child *child)
{
	if (child->state == CHILD_RUNNING && c->config != NULL)
		c->service_checked = service_check_begin(
			c->loop, c->config, child->program.name, show_health, handle_failed_check);
	else
		service_check_end();
}

/* The one place that changes a state. DEADLINE_MS: when the state's handle_deadline is called, 0 for never.
 */
static void set_state(struct children *c, struct child *child, enum child_state state, int64_t deadline_ms)
{
	child->state = state;
	child->since_ms = now_ms();
	if (state == CHILD_STARTING && child->program.is_service)
		memset(c->port_state, 0, sizeof(c->port_state)); /* PORT_STARTING */
	if (deadline_ms != 0)
		loop_arm(c->loop, &child->timer, deadline_ms);
	else
		loop_disarm(c->loop, &child->timer);
	if (child->program.is_service)
		follow_with_check(c, child);
	child_write_record(c, child);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct child *child = container_of(timer, struct child, timer);
	(void)loop;
	if (states[child->state].handle_deadline != NULL)
		states[child->state].handle_deadline(all, child);
}

/* The last exit in words, for the record and the log. */
static void note_exit(struct child *child, const char *words)
{
	snprintf(child->last_exit, sizeof(child->last_exit), "%s", words);
	child->last_exit_ms = now_ms();
}

/* Held, it is as if it had never been started. */
static void put_away(struct children *c, struct child *child)
{
	child->starts = 0;
	child->last_exit[0] = '\0';
	child->last_exit_ms = 0;
	child->backoff_ms = BACKOFF_FIRST_MS;
	set_state(c, child, CHILD_STOPPED, 0);
}

/* The child is gone, and so is what it left. */
static void after_end(struct children *c, struct child *child)
{
	if (c->shutting_down) {
		set_state(c, child, CHILD_STOPPED, 0);
		c->handle_stopped(c);
		return;
	}
	if (child->held) {
		put_away(c, child);
		return;
	}
	if (child->restart_at_once) {
		child->restart_at_once = false;
		child->backoff_ms = BACKOFF_FIRST_MS;
		set_state(c, child, CHILD_STOPPED, 0);
		child_start(c, child);
		return;
	}
	child->next_start_ms = now_ms() + child->backoff_ms;
	log_warnx("%s: %s; next start in %lld.%lld s", child->program.name, child->last_exit,
		(long long)child->backoff_ms / 1000, (long long)child->backoff_ms / 100 % 10);
	child->backoff_ms = child->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : child->backoff_ms * 2;
	set_state(c, child, CHILD_WAITING, child->next_start_ms);
}

static void handle_next_start(struct children *c, struct child *child)
{
	child_start(c, child);
}

static void handle_stop_deadline(struct children *c, struct child *child)
{
	(void)c;
	log_warnx("%s: still there %d ms after SIGTERM; killed", child->program.name, CHILD_STOP_MS);
	child->killed_by_init = true;
	kill(child->pid, SIGKILL);
}

/* Its end is seen like any other; then the next start comes, whatever was left. */
static void handle_clear_deadline(struct children *c, struct child *child)
{
	(void)c;
	log_warnx("%s: killing what it left took more than %d ms; given up", child->program.name,
		CHILD_CLEAR_MS);
	kill(child->pid, SIGKILL);
}

static void close_report(struct children *c, struct child *child)
{
	if (child->report.fd < 0)
		return;
	loop_remove(c->loop, &child->report);
	close(child->report.fd);
	child->report.fd = -1;
}

/* Takes one report. */
static void take_report(struct child *child, struct report *r)
{
	char words[sizeof(child->last_exit)];
	switch (r->kind) {
	case REPORT_FAILED:
		r->step[sizeof(r->step) - 1] = '\0';
		snprintf(words, sizeof(words), "cannot start: %s: %s", r->step, strerror(r->value));
		note_exit(child, words);
		close_report(all, child);
		break;
	case REPORT_STARTED:
		if (child->state == CHILD_STARTING)
			set_state(all, child, CHILD_RUNNING, 0);
		break;
	case REPORT_HEALTH:
		if (!all->service_checked && r->value >= 0 && r->value < HEALTH_UNTOLD)
			show_health((enum health)r->value);
		break;
	case REPORT_STOPPED:
		liveness_set_stopped(&child->life, r->value != 0);
		break;
	case REPORT_ENDED:
		child->ended = true;
		child->end_status = r->value;
		child->end_peak_kb = r->peak_kb;
		break;
	}
}

/* The pipe of a start: reports, and its end when the program executes. */
static void handle_report(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct child *child = container_of(w, struct child, report);
	struct report report;
	ssize_t got = 0;
	(void)loop;
	(void)events;
	while (w->fd >= 0 && (got = read(w->fd, &report, sizeof(report))) == (ssize_t)sizeof(report))
		take_report(child, &report);
	if (w->fd < 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	close_report(all, child);
	if (child->state == CHILD_STARTING && child->program.box == NULL)
		set_state(all, child, CHILD_RUNNING, 0);
}

/* Programs of ours count the lines for which a log that hangs leaves no room (common/log.h); others wait. */
static void prepare_liveness(struct child *child)
{
	liveness_begin(&child->life, child->program.box != NULL ? "" : spawn_path(&child->program));
	fcntl(child->output_write, F_SETFL, child->life.page != NULL ? O_NONBLOCK : 0);
}

void child_start(struct children *c, struct child *child)
{
	if (c->shutting_down || child->held || states[child->state].has_process)
		return;
	child->killed_by_init = child->ended = false;
	child->why_ended[0] = '\0';
	child->health = HEALTH_UNTOLD;
	int report;
	prepare_liveness(child);
	pid_t pid = spawn(c, child, &report);
	liveness_forked(&child->life);
	if (pid < 0) {
		char words[sizeof(child->last_exit)];
		liveness_end(&child->life);
		snprintf(words, sizeof(words), "cannot start: fork: %s", strerror(errno));
		note_exit(child, words);
		after_end(c, child);
		return;
	}
	child->pid = pid;
	child->starts++;
	child->report.fd = report;
	set_state(c, child, CHILD_STARTING, 0);
	if (loop_add(c->loop, &child->report, EPOLLIN) < 0) {
		log_warn("%s: watching its start", child->program.name);
		close_report(c, child);
		set_state(c, child, CHILD_RUNNING, 0);
	}
}

void child_stop(struct children *c, struct child *child, bool restart)
{
	child_stop_by(c, child, restart, SIGTERM);
}

void child_stop_by(struct children *c, struct child *child, bool restart, int signal_number)
{
	child->restart_at_once = restart;
	switch (child->state) {
	case CHILD_STARTING:
	case CHILD_RUNNING:
		kill(child->pid, signal_number);
		set_state(c, child, CHILD_STOPPING, now_ms() + CHILD_STOP_MS);
		break;
	case CHILD_WAITING:
		if (child->held) {
			put_away(c, child);
			break;
		}
		set_state(c, child, CHILD_STOPPED, 0);
		/* fall through */
	case CHILD_STOPPED:
		if (restart) {
			child->restart_at_once = false;
			child->backoff_ms = BACKOFF_FIRST_MS;
			child_start(c, child);
		}
		break;
	case CHILD_STOPPING:
	case CHILD_CLEARING:
	case CHILD_STATE_COUNT:
		break;
	}
}

/* The call that ended PID, in place of what T has. */
static void add_call(struct text *t, pid_t pid)
{
	long call = call_that_ended(pid);
	const char *name = call < 0 ? NULL : call_name((unsigned long)call);
	text_clear(t);
	text_add(t, "ended by a system call that it may not make");
	if (name != NULL)
		text_add(t, ": %s", name);
	else if (call >= 0)
		text_add(t, ": %ld", call);
}

/* PEAK_KB: the most memory that it used at once. */
static void handle_exit(struct children *c, struct child *child, int status, long peak_kb)
{
	char words[sizeof(child->last_exit)];
	struct text t = TEXT(words);
	/* A failed start left its reason in the pipe: read it before the exit status says less. */
	bool started = child->state != CHILD_STARTING;
	if (child->report.fd >= 0) {
		handle_report(c->loop, &child->report, EPOLLIN);
		started = started || child->state == CHILD_RUNNING;
	}
	if (child->ended) {
		status = child->end_status;
		peak_kb = child->end_peak_kb;
	}
	if (started) {
		text_clear(&t);
		text_add_exit(&t, status);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && !child->ended)
			add_call(&t, child->pid);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !child->killed_by_init)
			text_add(&t, " at %ld MiB: out of memory, or by hand", peak_kb / 1024);
		note_exit(child, child->why_ended[0] != '\0' ? child->why_ended : words);
	}
	if (child->program.is_service && child->state == CHILD_RUNNING)
		exit_explain(child->program.name, status, now_ms() - child->since_ms);
	if (now_ms() - child->since_ms >= BACKOFF_RESET_MS)
		child->backoff_ms = BACKOFF_FIRST_MS;
	liveness_end(&child->life);
	/* Its process group goes with it; processes that left the group go with their user. */
	kill(-child->pid, SIGKILL);
	const char *leftovers = program_leftovers(&child->program);
	pid_t killer = leftovers == NULL ? 0 : spawn_killer(leftovers);
	if (killer > 0) {
		child->pid = killer;
		set_state(c, child, CHILD_CLEARING, now_ms() + CHILD_CLEAR_MS);
		return;
	}
	if (killer < 0)
		log_warn("%s: killing what it left", child->program.name);
	after_end(c, child);
}

/* What somebody does at a shell is none of init's business. */
static void note_stop(struct child *child, bool stopped)
{
	if (child->state != CHILD_CLEARING && !child->program.controls)
		liveness_set_stopped(&child->life, stopped);
}

void children_reap(struct children *c)
{
	int status;
	struct rusage usage;
	for (pid_t pid; (pid = wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) > 0;) {
		bool ended = !WIFSTOPPED(status) && !WIFCONTINUED(status);
		if (ended && service_check_reap(pid, status))
			continue;
		for (size_t i = 0; i < c->count; i++) {
			struct child *child = &c->child[i];
			if (child->pid != pid || !states[child->state].has_process)
				continue;
			if (!ended)
				note_stop(child, WIFSTOPPED(status));
			else if (child->state == CHILD_CLEARING)
				after_end(c, child);
			else
				handle_exit(c, child, status, usage.ru_maxrss);
			break;
		}
	}
}

static void look_at_child(struct children *c, struct child *child)
{
	unsigned before = child->life.silent, now = liveness_look(&child->life, child->pid);
	if (now == LIVENESS_SHOWN_LOOKS)
		log_warnx("%s: not answering for %d s", child->program.name, LIVENESS_SHOWN_LOOKS);
	else if (now == 0 && before >= LIVENESS_SHOWN_LOOKS)
		log_info("%s: answers again", child->program.name);
	if ((now >= LIVENESS_SHOWN_LOOKS) != (before >= LIVENESS_SHOWN_LOOKS))
		child_write_record(c, child);
	if (child->why_ended[0] != '\0' || !liveness_is_hung(&child->life, child->pid))
		return;
	snprintf(child->why_ended, sizeof(child->why_ended), "hung: ended by init");
	kill(child->pid, SIGKILL);
}

void children_look(struct children *c)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->child[i].state == CHILD_RUNNING)
			look_at_child(c, &c->child[i]);
		if (c->child[i].unwritten)
			child_write_record(c, &c->child[i]);
	}
}

int children_init(struct children *c, struct loop *loop, const struct appliance *appliance)
{
	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->appliance = appliance;
	c->log_socket = -1;
	all = c;
	if (pipe2(c->own_output, O_CLOEXEC | O_NONBLOCK) < 0) {
		c->own_output[0] = -1;
		return -1;
	}
	/* Both ends without blocking: PID 1 would rather lose a line than wait for the log. */
	if (dup2(c->own_output[1], STDERR_FILENO) >= 0)
		return 0;
	int error = errno;
	close(c->own_output[0]);
	close(c->own_output[1]);
	c->own_output[0] = -1;
	errno = error;
	return -1;
}

struct child *children_add(struct children *c, const struct program *program)
{
	int output[2];
	if (c->count == CHILDREN_MAX) {
		log_warnx("%s: no room for more than %d children", program->name, CHILDREN_MAX);
		return NULL;
	}
	/* A guest without one of its programs would be worse than one that starts late. */
	while (pipe2(output, O_CLOEXEC) < 0) {
		log_warn("%s: pipe, trying again", program->name);
		nanosleep(&(struct timespec){.tv_nsec = AGAIN_MS * 1000000}, NULL);
	}
	struct child *child = &c->child[c->count++];
	*child = (struct child){.program = *program,
		.held = program->held,
		.backoff_ms = BACKOFF_FIRST_MS,
		.health = HEALTH_UNTOLD,
		.life = {.fd = -1},
		.output_read = output[0],
		.output_write = output[1],
		.report = {.fd = -1, .handle = handle_report},
		.timer = {.handle = handle_timer}};
	return child;
}

struct child *children_find(struct children *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->child[i].program.name, name) == 0)
			return &c->child[i];
	return NULL;
}

void children_stop(struct children *c)
{
	for (size_t i = 0; i < c->count; i++)
		child_stop(c, &c->child[i], false);
}

bool child_runs(const struct child *child)
{
	return states[child->state].has_process;
}

bool children_running(const struct children *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (child_runs(&c->child[i]))
			return true;
	return false;
}
