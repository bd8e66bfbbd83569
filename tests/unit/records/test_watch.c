/* Records are followed whatever becomes of their folders and of inotify; a failure is said once and tried
 * again. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/record.h"
#include "records/watch.h"
#include "unit/common/folder.h"

enum { DEADLINE_MS = 20000, NET = 1 << 0, CONFIG = 1 << 1, CONF = 1 << 2, NONE = 1 << 3 };

static char conf_path[128];
static const char *const places[] = {"net", "init/config", conf_path, "agent"};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

static struct loop loop;
static struct watch w;
static unsigned changed; /* since it was last forgotten */
static int init_error, add_error;
static unsigned warnings;

int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);
int __wrap_inotify_init1(int flags)
{
	errno = init_error;
	return init_error != 0 ? -1 : __real_inotify_init1(flags);
}

int __real_inotify_add_watch(int fd, const char *path, uint32_t events);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t events);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t events)
{
	errno = add_error;
	return add_error != 0 ? -1 : __real_inotify_add_watch(fd, path, events);
}

void __wrap_log_warn(const char *format, ...);
void __wrap_log_warn(const char *format, ...)
{
	(void)format;
	warnings++;
}

static void note_change(struct watch *of, unsigned which)
{
	assert_ptr_equal(of, &w);
	changed |= which;
}

static const char *in_run(const char *name)
{
	static char path[2][128];
	static unsigned turn;
	char *to = path[turn++ % 2];
	snprintf(to, sizeof(path[0]), "%s/%s", test_folder, name);
	return to;
}

static void write_record(const char *writer, const char *name)
{
	static struct record r;
	static unsigned number;
	record_begin(&r);
	record_add(&r, "number", "%u", ++number);
	assert_int_equal(record_commit(&r, writer, name), 0);
}

static void write_conf(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

/* Waits until EXPECTED are among those that changed. */
static void wait_changed(unsigned expected)
{
	int64_t end_ms = now_ms() + DEADLINE_MS;
	while ((changed & expected) != expected) {
		if (now_ms() > end_ms)
			fail_msg("changed %x, expected %x", changed, expected);
		loop_once(&loop, 100);
	}
	changed = 0;
}

/* All that waits has been handled. */
static void settle(void)
{
	do {
		changed = 0;
		assert_int_equal(loop_once(&loop, 0), 0);
	} while (changed != 0);
}

/* The place is followed: a change of it alone is told, and of another name in its folder none. */
static void must_follow(void)
{
	settle();
	write_record("net", "eth0");
	wait_changed(NET);
	write_record("init", "system");
	write_record("init", "config");
	wait_changed(CONFIG);
	settle();
	write_record("init", "system");
	write_record("net", "eth1");
	int64_t end_ms = now_ms() + DEADLINE_MS;
	while (changed == 0 && now_ms() < end_ms)
		loop_once(&loop, 100);
	assert_int_equal(changed, NET);
	changed = 0;
	assert_null(w.again.previous); /* nothing wakes it but events */
}

static int setup(void **state)
{
	if (folder_setup(state) != 0)
		return -1;
	snprintf(conf_path, sizeof(conf_path), "%s/etc/conf", test_folder);
	changed = warnings = 0;
	init_error = add_error = 0;
	mkdir(in_run("etc"), 0755);
	write_conf(conf_path, 0);
	return loop_init(&loop);
}

static int teardown(void **state)
{
	watch_close(&w);
	loop_free(&loop);
	return folder_teardown(state);
}

static void open_with_folders(void)
{
	record_make_folder("net");
	record_make_folder("init");
	watch_open(&w, &loop, places, PLACES, note_change);
}

static void changes_are_told(void **state)
{
	(void)state;
	open_with_folders();
	must_follow();
	record_remove("net", "eth0");
	wait_changed(NET);
	assert_int_equal(warnings, 0);
}

static void folders_that_come_later(void **state)
{
	(void)state;
	watch_open(&w, &loop, places, PLACES, note_change);
	assert_null(w.again.previous);
	record_make_folder("net");
	wait_changed(NET);
	record_make_folder("init");
	wait_changed(CONFIG);
	must_follow();
	assert_int_equal(warnings, 0);
}

static void run_folder_that_comes_later(void **state)
{
	(void)state;
	setenv("THIMBLE_RUN", in_run("run"), 1);
	watch_open(&w, &loop, places, PLACES, note_change);
	mkdir(in_run("run"), 0755);
	record_make_folder("net");
	record_make_folder("init");
	wait_changed(NET | CONFIG);
	must_follow();
	assert_int_equal(warnings, 0);
}

static void folder_that_goes_and_comes_back(void **state)
{
	(void)state;
	open_with_folders();
	must_follow();
	assert_int_equal(record_remove("net", "eth0"), 0);
	assert_int_equal(record_remove("net", "eth1"), 0);
	assert_int_equal(rmdir(in_run("net")), 0);
	wait_changed(NET);
	settle();
	record_make_folder("net");
	wait_changed(NET);
	must_follow();
}

static void folder_that_is_replaced(void **state)
{
	(void)state;
	open_with_folders();
	must_follow();
	assert_int_equal(rename(in_run("net"), in_run("elsewhere")), 0);
	record_make_folder("net");
	wait_changed(NET);
	must_follow();
	/* The one before is none of ours. */
	settle();
	write_record("elsewhere", "eth0");
	assert_int_equal(loop_once(&loop, 200), 0);
	assert_int_equal(changed, 0);
}

static void file_in_place_renamed_over_and_gone(void **state)
{
	(void)state;
	open_with_folders();
	write_conf(conf_path, O_TRUNC);
	wait_changed(CONF);
	settle();
	for (int i = 0; i < 2; i++) { /* the new one is followed as well */
		write_conf(in_run("etc/new"), 0);
		assert_int_equal(rename(in_run("etc/new"), conf_path), 0);
		wait_changed(CONF);
		settle();
		write_conf(conf_path, O_TRUNC);
		wait_changed(CONF);
		settle();
	}
	unlink(conf_path);
	wait_changed(CONF);
	settle();
	assert_int_equal(symlink(in_run("target"), conf_path), 0);
	write_conf(in_run("target"), 0); /* nothing but looking finds it */
	wait_changed(CONF);
	assert_int_equal(warnings, 0);
}

/* More than the queue of inotify holds (fs.inotify.max_queued_events): all may have changed. */
static void overflow(void **state)
{
	int limit = 0;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &limit), 1);
	fclose(f);
	open_with_folders();
	must_follow();
	write_conf(in_run("net/a"), 0);
	for (int i = 0; i < limit + 8; i++)
		assert_int_equal(rename(in_run(i % 2 == 0 ? "net/a" : "net/b"),
					 in_run(i % 2 == 0 ? "net/b" : "net/a")),
			0);
	write_record("init", "config"); /* lost */
	wait_changed(NET | CONFIG | CONF);
	must_follow();
}

/* WHAT fails for a while: said once, looked at meanwhile, followed afterwards. */
static void must_outlive(int *what, int error)
{
	*what = error;
	open_with_folders();
	assert_int_equal(warnings, 1);
	for (int i = 0; i < 2; i++)
		wait_changed(NET | CONFIG | CONF);
	assert_int_equal(warnings, 1);
	assert_non_null(w.again.previous);
	*what = 0;
	wait_changed(NET | CONFIG | CONF);
	must_follow();
	assert_int_equal(warnings, 1);
}

static void no_inotify_for_a_while(void **state)
{
	(void)state;
	must_outlive(&init_error, EMFILE);
}

static void no_watches_for_a_while(void **state)
{
	(void)state;
	must_outlive(&add_error, ENOSPC);
}

static void failing_later_is_said_again(void **state)
{
	(void)state;
	must_outlive(&add_error, ENOSPC);
	add_error = EACCES;
	write_record("net", "eth0");
	wait_changed(NET | CONFIG);
	assert_int_equal(warnings, 2);
}

/* Without a loop: asked, it misses none, and its queue does not fill. */
static void asked(void **state)
{
	int limit = 1 << 15;
	(void)state;
	record_make_folder("net");
	watch_open(&w, NULL, places, PLACES, NULL);
	assert_int_equal(watch_ask(&w), (1 << PLACES) - 1);
	assert_int_equal(watch_ask(&w), 0);
	for (int i = 0; i < 500; i++) {
		write_record("net", "eth0");
		assert_int_equal(watch_ask(&w), NET);
		assert_int_equal(watch_ask(&w), 0);
	}
	write_conf(in_run("net/a"), 0);
	for (int i = 0; i < limit; i++)
		assert_int_equal(rename(in_run(i % 2 == 0 ? "net/a" : "net/b"),
					 in_run(i % 2 == 0 ? "net/b" : "net/a")),
			0);
	assert_int_equal(watch_ask(&w), NET);
	record_make_folder("agent");
	assert_int_equal(watch_ask(&w), NONE);
	rename(in_run("net"), in_run("elsewhere"));
	assert_int_equal(watch_ask(&w), NET);
	assert_int_equal(watch_ask(&w), 0);
	record_make_folder("net");
	assert_int_equal(watch_ask(&w), NET);
	add_error = ENOSPC;
	for (int i = 0; i < 3; i++)
		assert_int_equal(watch_ask(&w), (1 << PLACES) - 1);
	assert_int_equal(warnings, 1);
	add_error = 0;
	assert_int_equal(watch_ask(&w) & NET, NET);
	assert_int_equal(watch_ask(&w), 0);
	w.loop = &loop; /* for watch_close */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_that_come_later, setup, teardown),
		cmocka_unit_test_setup_teardown(run_folder_that_comes_later, setup, teardown),
		cmocka_unit_test_setup_teardown(folder_that_goes_and_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(folder_that_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(file_in_place_renamed_over_and_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(no_inotify_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(no_watches_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(failing_later_is_said_again, setup, teardown),
		cmocka_unit_test_setup_teardown(asked, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
