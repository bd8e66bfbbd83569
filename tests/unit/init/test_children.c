/* A child that ends for any reason is started again: after a growing wait, at once when asked, never during a
 * shutdown. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "children.h"
#include "common/record.h"
#include "common/alive.h"
#include "report.h"
#include "spawn.h"
#include "unit/common/folder.h"

/* What the next started process does. */
static enum { EXIT_0, EXIT_3, HANG, HANG_DEAF, FAIL_EXEC, FAIL_FORK } behaviour;
static int killers;
static bool killer_hangs;

pid_t __wrap_spawn(const struct children *c, const struct child *child, int *report);
pid_t __wrap_spawn_killer(const char *user);

pid_t __wrap_spawn(const struct children *c, const struct child *child, int *report)
{
	int ends[2];
	(void)c;
	(void)child;
	if (behaviour == FAIL_FORK) {
		errno = EAGAIN;
		return -1;
	}
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct report failure = {.kind = REPORT_FAILED, .value = ENOENT, .step = "/bin/service"};
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGTERM, behaviour == HANG_DEAF ? SIG_IGN : SIG_DFL);
		if (behaviour == FAIL_EXEC) {
			(void)!write(ends[1], &failure, sizeof(failure));
			_exit(111);
		}
		close(ends[1]); /* as exec does */
		if (behaviour == EXIT_0 || behaviour == EXIT_3)
			_exit(behaviour == EXIT_0 ? 0 : 3);
		for (;;)
			pause();
	}
	close(ends[1]);
	*report = ends[0];
	return pid;
}

pid_t __wrap_spawn_killer(const char *user)
{
	assert_string_equal(user, "service");
	killers++;
	pid_t pid = fork();
	while (pid == 0 && killer_hangs)
		pause();
	if (pid == 0)
		_exit(0);
	return pid;
}

static const char *const arguments[] = {"/bin/service", NULL};
static const struct program program = {.name = "daemon",
	.arguments = arguments,
	.user = "service",
	.memory_limit_bytes = 1 << 20,
	.is_service = true};
static const struct appliance appliance = {.ports = {"8080/tcp"}, .port_count = 1};

static struct loop loop;
static struct children children;
static struct child *child;
static struct loop_signals signals;
static int stopped;

static void handle_signal(struct loop *l, int number)
{
	(void)l;
	(void)number;
	children_reap(&children);
}

static void note_stopped(struct children *c)
{
	(void)c;
	stopped++;
}

static int setup(void **state)
{
	int saved_stderr = dup(STDERR_FILENO);
	if (folder_setup(state) < 0 || record_make_folder("init") < 0 || loop_init(&loop) < 0)
		return -1;
	signals.handle = handle_signal;
	if (loop_signals(&loop, &signals, (const int[]){SIGCHLD, 0}) < 0 ||
		children_init(&children, &loop, &appliance) < 0)
		return -1;
	dup2(saved_stderr, STDERR_FILENO); /* children_init sent it to the log's pipe */
	close(saved_stderr);
	children.handle_stopped = note_stopped;
	child = children_add(&children, &program);
	killers = stopped = 0;
	killer_hangs = false;
	return 0;
}

static int teardown(void **state)
{
	if (child_runs(child))
		kill(child->pid, SIGKILL);
	close(signals.fd.fd);
	loop_free(&loop);
	return folder_teardown(state);
}

static void run_until(enum child_state state)
{
	int64_t deadline = now_ms() + 10000;
	while (child->state != state) {
		if (now_ms() > deadline)
			fail_msg("state %d for 10 s, expected %d", child->state, state);
		assert_int_equal(loop_once(&loop, 1000), 0);
	}
}

static const char *recorded(const char *key)
{
	static struct record_view v;
	assert_int_equal(record_read(&v, "init", "service"), 0);
	return record_get(&v, key);
}

static void runs_and_says_so(void **state)
{
	(void)state;
	behaviour = HANG;
	child_start(&children, child);
	assert_string_equal(recorded("state"), "starting");
	run_until(CHILD_RUNNING);
	assert_string_equal(recorded("state"), "running");
	assert_string_equal(recorded("port.1"), "8080/tcp");
	assert_string_equal(recorded("restarts"), "0");
	assert_int_equal(atoi(recorded("pid")), child->pid);
	assert_null(recorded("last_exit"));
}

static void waits_twice_as_long_each_time(void **state)
{
	(void)state;
	behaviour = EXIT_3;
	child_start(&children, child);
	int64_t expected = 100;
	for (int i = 0; i < 3; i++, expected *= 2) {
		run_until(CHILD_WAITING);
		assert_true(child->next_start_ms - child->since_ms <= expected);
		assert_true(child->next_start_ms - child->since_ms >= expected - 5);
		assert_string_equal(recorded("last_exit"), "exit status 3");
		assert_int_equal(atoll(recorded("next_start_ms")), child->next_start_ms);
		int64_t next = child->next_start_ms;
		while (child->state == CHILD_WAITING)
			assert_int_equal(loop_once(&loop, 1000), 0);
		assert_true(now_ms() >= next);
	}
	assert_int_equal(child->starts, 4);
	assert_string_equal(recorded("restarts"), "3");
	for (int i = 0; i < 20; i++) { /* on to the longest wait, without living through it */
		run_until(CHILD_WAITING);
		child_start(&children, child);
	}
	run_until(CHILD_WAITING);
	assert_int_equal(child->backoff_ms, 30000);
}

static void long_life_resets_the_wait(void **state)
{
	(void)state;
	behaviour = HANG;
	child->backoff_ms = 30000;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	child->since_ms -= 60000;
	kill(child->pid, SIGALRM);
	run_until(CHILD_WAITING);
	assert_string_equal(recorded("last_exit"), "killed by SIGALRM");
	assert_int_equal(child->backoff_ms, 200);
}

static void failed_start_says_why(void **state)
{
	(void)state;
	behaviour = FAIL_EXEC;
	child_start(&children, child);
	run_until(CHILD_WAITING);
	assert_string_equal(recorded("last_exit"), "cannot start: /bin/service: No such file or directory");
	behaviour = FAIL_FORK;
	child_start(&children, child);
	run_until(CHILD_WAITING);
	assert_string_equal(recorded("last_exit"), "cannot start: fork: Resource temporarily unavailable");
}

/* What init logs while the service lives through NEXT. */
static const char *logged(int next)
{
	static char text[4096];
	int saved_stderr = dup(STDERR_FILENO);
	behaviour = next;
	dup2(children.own_output[1], STDERR_FILENO);
	child_start(&children, child);
	run_until(CHILD_WAITING);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	ssize_t length = read(children.own_output[0], text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	return text;
}

static void gone_to_the_background_is_explained(void **state)
{
	static const char words[] = "may have gone to the background";
	(void)state;
	assert_non_null(strstr(logged(EXIT_0), words));
	assert_null(strstr(logged(EXIT_3), words));
}

static void foreign_kill_is_told_from_our_own(void **state)
{
	(void)state;
	behaviour = HANG;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	kill(child->pid, SIGKILL);
	run_until(CHILD_WAITING);
	long mebibytes = -1;
	const char *words = recorded("last_exit");
	assert_int_equal(sscanf(words, "killed by SIGKILL at %ld MiB", &mebibytes), 1);
	assert_in_range(mebibytes, 0, 1000); /* with sanitizers it is some */
	assert_non_null(strstr(words, " MiB: out of memory, or by hand"));
}

static void leftovers_are_killed_before_the_next_start(void **state)
{
	(void)state;
	behaviour = EXIT_3;
	child_start(&children, child);
	run_until(CHILD_WAITING);
	assert_int_equal(killers, 1);
	behaviour = HANG;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	assert_int_equal(killers, 1);
}

/* As one does that was stopped by what it was to kill. */
static void a_killer_that_does_not_end_is_given_up(void **state)
{
	(void)state;
	behaviour = EXIT_3;
	killer_hangs = true;
	child_start(&children, child);
	run_until(CHILD_CLEARING);
	int64_t began = now_ms();
	killer_hangs = false;
	run_until(CHILD_WAITING);
	assert_true(now_ms() - began >= CHILD_CLEAR_MS - 5);
	assert_int_equal(killers, 1);
	assert_string_equal(recorded("last_exit"), "exit status 3");
}

static void restart_on_request_does_not_wait(void **state)
{
	(void)state;
	behaviour = HANG;
	child->backoff_ms = 30000;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	pid_t first = child->pid;
	child_stop(&children, child, true);
	assert_string_equal(recorded("state"), "stopping");
	run_until(CHILD_RUNNING);
	assert_int_not_equal(child->pid, first);
	assert_string_equal(recorded("last_exit"), "killed by SIGTERM");
	assert_string_equal(recorded("restarts"), "1");
	/* Also while it waits for its next start. */
	behaviour = EXIT_3;
	kill(child->pid, SIGALRM);
	run_until(CHILD_WAITING);
	behaviour = HANG;
	child_stop(&children, child, true);
	run_until(CHILD_RUNNING);
}

/* Until what it needs is there, and again when that has gone; nothing is left of its waiting. */
static void held_child_is_not_started(void **state)
{
	(void)state;
	behaviour = HANG;
	child->held = true;
	child_start(&children, child);
	assert_int_equal(child->state, CHILD_STOPPED);
	child->held = false;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	child->held = true;
	child_stop(&children, child, false);
	run_until(CHILD_STOPPED);
	static struct record_view none;
	assert_int_equal(record_read(&none, "init", "service"), -1);
	child->held = false;
	behaviour = EXIT_3;
	child_start(&children, child);
	run_until(CHILD_WAITING);
	child->held = true;
	child_stop(&children, child, false);
	assert_int_equal(child->state, CHILD_STOPPED);
	assert_true(child->starts == 0 && child->last_exit_ms == 0);
}

static void deaf_child_is_killed_at_the_deadline(void **state)
{
	(void)state;
	behaviour = HANG_DEAF;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	int64_t began = now_ms();
	behaviour = HANG;
	child_stop(&children, child, true);
	run_until(CHILD_RUNNING);
	assert_true(now_ms() - began >= CHILD_STOP_MS);
	assert_string_equal(recorded("last_exit"), "killed by SIGKILL");
}

/* Where the page of a program of ours would be, for one that is none. */
static struct alive_page page;

static void look(int times)
{
	for (int i = 0; i < times; i++)
		children_look(&children);
}

static void start_with_a_page(void)
{
	behaviour = HANG;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	atomic_store(&page.turns, 2);
	child->life.page = &page;
	look(1);
}

/* Its pages are init's own to unmap. */
static void forget_page(void)
{
	child->life.page = NULL;
}

static void one_that_waits_is_well(void **state)
{
	(void)state;
	start_with_a_page();
	look(100);
	assert_string_equal(recorded("state"), "running");
	assert_null(recorded("silent_since_ms"));
	forget_page();
}

static void one_that_makes_turns_is_well(void **state)
{
	(void)state;
	start_with_a_page();
	for (int i = 0; i < 100; i++) {
		atomic_fetch_add(&page.turns, 1);
		look(1);
	}
	assert_string_equal(recorded("state"), "running");
	forget_page();
}

static void one_that_works_for_too_long_is_shown_and_ended(void **state)
{
	(void)state;
	start_with_a_page();
	pid_t first = child->pid;
	int64_t answered_ms = now_ms();
	atomic_store(&page.turns, 3);
	look(1); /* which sees it move */
	look(LIVENESS_SHOWN_LOOKS - 1);
	assert_string_equal(recorded("state"), "running");
	look(1);
	assert_string_equal(recorded("state"), "hung");
	assert_in_range(atoll(recorded("silent_since_ms")), answered_ms, now_ms());
	look(LIVENESS_ENDED_LOOKS - LIVENESS_SHOWN_LOOKS - 1);
	assert_int_equal(kill(first, 0), 0);
	assert_string_equal(child->why_ended, "");
	look(1);
	assert_string_equal(child->why_ended, "hung: ended by init");
	forget_page();
	run_until(CHILD_WAITING);
	assert_string_equal(recorded("last_exit"), "hung: ended by init");
	assert_null(recorded("silent_since_ms"));
	run_until(CHILD_RUNNING);
	assert_int_not_equal(child->pid, first);
	assert_string_equal(recorded("restarts"), "1");
	assert_string_equal(recorded("state"), "running");
}

static void one_that_answers_again_is_well_again(void **state)
{
	(void)state;
	start_with_a_page();
	atomic_store(&page.turns, 3);
	look(LIVENESS_ENDED_LOOKS);
	assert_string_equal(recorded("state"), "hung");
	atomic_store(&page.turns, 4);
	look(1);
	assert_string_equal(recorded("state"), "running");
	look(100);
	assert_string_equal(child->why_ended, "");
	forget_page();
}

/* Nothing else is known of a program that is none of ours. */
static void one_that_is_stopped_is_hung(void **state)
{
	(void)state;
	behaviour = HANG;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	look(100);
	kill(child->pid, SIGSTOP);
	while (!child->life.stopped)
		assert_int_equal(loop_once(&loop, 1000), 0);
	look(LIVENESS_ENDED_LOOKS - 1);
	assert_string_equal(recorded("state"), "hung");
	kill(child->pid, SIGCONT);
	while (child->life.stopped)
		assert_int_equal(loop_once(&loop, 1000), 0);
	look(1);
	assert_string_equal(recorded("state"), "running");
	kill(child->pid, SIGSTOP);
	while (!child->life.stopped)
		assert_int_equal(loop_once(&loop, 1000), 0);
	look(LIVENESS_ENDED_LOOKS);
	run_until(CHILD_WAITING);
	assert_string_equal(recorded("last_exit"), "hung: ended by init");
}

/* At a shell people stop what they like. */
static void a_shell_that_is_stopped_is_left_alone(void **state)
{
	(void)state;
	child->program.controls = true;
	behaviour = HANG;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	kill(child->pid, SIGSTOP);
	assert_int_equal(loop_once(&loop, 1000), 0);
	look(2 * LIVENESS_ENDED_LOOKS);
	assert_string_equal(recorded("state"), "running");
}

static void nothing_starts_during_a_shutdown(void **state)
{
	(void)state;
	behaviour = HANG;
	child_start(&children, child);
	run_until(CHILD_RUNNING);
	children.shutting_down = true;
	children_stop(&children);
	assert_true(children_running(&children));
	run_until(CHILD_STOPPED);
	assert_int_equal(stopped, 1);
	assert_false(children_running(&children));
	child_start(&children, child);
	assert_int_equal(child->state, CHILD_STOPPED);
	assert_string_equal(recorded("state"), "stopped");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs_and_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_twice_as_long_each_time, setup, teardown),
		cmocka_unit_test_setup_teardown(long_life_resets_the_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_start_says_why, setup, teardown),
		cmocka_unit_test_setup_teardown(gone_to_the_background_is_explained, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_kill_is_told_from_our_own, setup, teardown),
		cmocka_unit_test_setup_teardown(leftovers_are_killed_before_the_next_start, setup, teardown),
		cmocka_unit_test_setup_teardown(a_killer_that_does_not_end_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(restart_on_request_does_not_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(held_child_is_not_started, setup, teardown),
		cmocka_unit_test_setup_teardown(deaf_child_is_killed_at_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_waits_is_well, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_makes_turns_is_well, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_that_works_for_too_long_is_shown_and_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_answers_again_is_well_again, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_stopped_is_hung, setup, teardown),
		cmocka_unit_test_setup_teardown(a_shell_that_is_stopped_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_starts_during_a_shutdown, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
