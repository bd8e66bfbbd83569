/* The description of a service with a root of its own; the first line of a health check's answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/capability.h>

#include "box_description.h"
#include "box_probe.h"
#include "call_names.h"
#include "service_environment.h"
#include "unit/common/folder.h"

static struct box_description *d;
static struct appliance a;

static int setup(void **state)
{
	(void)state;
	d = calloc(1, sizeof(*d)); /* the sanitizer sees who leaves it */
	a = (struct appliance){
		.name = "slot", .service = "none", .helper = "resolver", .processes_limit = 64};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(d);
	return 0;
}

static void parse(const char *text)
{
	memcpy(d->text, text, strlen(text));
	box_description_parse(d, &a, strlen(text));
}

static void all_keys(void **state)
{
	(void)state;
	parse("name=web\nservice=nginx\nports=80/tcp "
	      "443/tcp\nprocesses_limit=99\nroot=/service\nusers=one\nuid=104\n"
	      "gid=105\ngroups=4 27\nfile=/usr/sbin/nginx\ncommand.1=nginx\ncommand.2=-g\ncommand.3=daemon "
	      "off;\n"
	      "env.1=PATH=/a:/b\nenv.2=EMPTY=\nworkdir=/srv\nstop_signal=3\nplace.1=/data 67108864 70 71 "
	      "0750\n"
	      "root_bytes=16777216\ncapabilities=net_raw net_admin\nsys=1\nhealth=http:8080/a=b?c\n"
	      "health_interval_ms=5\nhealth_timeout_ms=6\nhealth_retries=7\nhealth_start_ms=8\n");
	assert_string_equal(a.name, "web");
	assert_string_equal(a.service, "nginx");
	assert_int_equal(a.port_count, 2);
	assert_string_equal(a.helper, "");
	assert_int_equal(a.processes_limit, 99);
	assert_true(a.capabilities == (1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN));
	assert_string_equal(d->root, "/service");
	assert_int_equal(d->users, USERS_ONE);
	assert_int_equal(d->uid, 104);
	assert_int_equal(d->gid, 105);
	assert_int_equal(d->group_count, 0); /* they would be the guest's */
	assert_string_equal(d->file, "/usr/sbin/nginx");
	assert_int_equal(d->command.count, 3);
	assert_string_equal(d->command.word[2], "daemon off;");
	assert_null(d->command.word[3]);
	assert_string_equal(d->environment.word[1], "EMPTY=");
	assert_string_equal(d->workdir, "/srv");
	assert_int_equal(d->stop_signal, 3);
	assert_int_equal(d->place_count, 1);
	assert_string_equal(d->places[0].path, "/data");
	assert_int_equal(d->places[0].bytes, 64 << 20);
	assert_int_equal(d->places[0].uid, 70);
	assert_int_equal(d->places[0].gid, 71);
	assert_int_equal(d->places[0].mode, 0750);
	assert_int_equal(d->root_bytes, 16 << 20);
	assert_int_equal(d->sys, 1);
	assert_int_equal(d->health.kind, BOX_HEALTH_HTTP);
	assert_int_equal(d->health.port, 8080);
	assert_string_equal(d->health.path, "/a=b?c");
	assert_int_equal(d->health.interval_ms, 5);
	assert_int_equal(d->health.start_ms, 8);
	assert_int_equal(box_id(d, 7), 7);
}

static void the_least(void **state)
{
	(void)state;
	parse("root=/service\nfile=/a\ncommand.1=a\ngroups=4 27\n");
	assert_string_equal(a.name, "slot");
	assert_int_equal(a.processes_limit, 512);
	assert_string_equal(d->workdir, "/");
	assert_int_equal(d->stop_signal, 15);
	assert_int_equal(d->users, USERS_NAMESPACE);
	assert_int_equal(d->groups[1], 27);
	assert_int_equal(d->health.kind, BOX_HEALTH_NONE);
	assert_int_equal(d->health.interval_ms, 30000);
	assert_int_equal(box_id(d, 7), 65543);
}

static void bad_lines_leave_the_rest(void **state)
{
	(void)state;
	parse("root=/service\nfile=/a\ncommand.1=a\nuid=65536\ngid=-1\nstop_signal=0\nplace.1=/a "
	      "1\nplace.2=/b 0 0 0 0755\n"
	      "place.3=/c 4096 0 0 0888\nplace.4=/d 4096 0 0 0755 x\nplace.5=/e 4096 1 2 "
	      "1777\nhealth=http:80\nno equals\n"
	      "=value\nworkdir=relative\nsys=2\ngroups=1 x\ncapabilities=sys_admin "
	      "net_raw\nhealth_retries=0\n"
	      "root_bytes=18446744073709551616\nlast");
	assert_int_equal(d->uid, 0);
	assert_int_equal(d->gid, 0);
	assert_int_equal(d->stop_signal, 15);
	assert_int_equal(d->place_count, 1);
	assert_string_equal(d->places[0].path, "/e");
	assert_int_equal(d->health.kind, BOX_HEALTH_NONE);
	assert_int_equal(d->health.retries, 3);
	assert_string_equal(d->workdir, "/");
	assert_int_equal(d->sys, 0);
	assert_int_equal(d->group_count, 0);
	assert_int_equal(d->root_bytes, 0);
	assert_true(a.capabilities == 1u << CAP_NET_RAW);
}

static void bounds_are_kept(void **state)
{
	(void)state;
	struct text t = text_in(d->text, BOX_BYTES_MAX);
	text_add(&t, "root=/service\nfile=/a\n");
	for (int i = 0; i < BOX_PLACES_MAX + 5; i++)
		text_add(&t, "place.%d=/%d 4096 0 0 0755\n", i, i);
	for (int i = 0; i < BOX_WORDS_MAX + 5; i++)
		text_add(&t, "command.%d=%d\n", i, i);
	assert_false(t.overflow);
	box_description_parse(d, &a, t.used);
	assert_int_equal(d->place_count, BOX_PLACES_MAX);
	assert_int_equal(d->command.count, BOX_WORDS_MAX);
	assert_null(d->command.word[BOX_WORDS_MAX]);
}

static void a_missing_file_is_no_box(void **state)
{
	char path[128];
	(void)state;
	snprintf(path, sizeof(path), "%s/service", test_folder);
	box_description_read(d, &a, path);
	assert_null(d->root);
	assert_string_equal(a.name, "slot");
	assert_string_equal(a.helper, "resolver");
	assert_int_equal(a.processes_limit, 64);
}

static void a_file_that_is_too_long_is_cut(void **state)
{
	char path[128];
	(void)state;
	snprintf(path, sizeof(path), "%s/service", test_folder);
	FILE *file = fopen(path, "w");
	fputs("root=/service\nfile=/a\ncommand.1=a\nenv.1=", file);
	for (int i = 0; i < BOX_BYTES_MAX; i++)
		fputc('x', file);
	fputs("\nuid=7\n", file);
	fclose(file);
	box_description_read(d, &a, path);
	assert_string_equal(d->root, "/service");
	assert_int_equal(d->environment.count, 0);
	assert_int_equal(d->uid, 0);
	remove(path);
}

static bool has(const char *const *environment, const char *variable)
{
	for (; *environment != NULL; environment++)
		if (strcmp(*environment, variable) == 0)
			return true;
	return false;
}

static void the_environment(void **state)
{
	(void)state;
	const char *const *e = service_environment(NULL, NULL, "/home/service", NULL);
	assert_true(
		has(e, "HOME=/home/service") && has(e, "TERM=linux") && has(e, "PATH=/usr/bin:/bin:/sbin"));
	assert_null(e[3]);
	parse("root=/service\nfile=/a\ncommand.1=a\nenv.1=HOME=/x\nenv.2=PATHS=y\nenv.3=HOME=/twice\n");
	e = service_environment(d, NULL, "/", NULL);
	assert_true(has(e, "HOME=/x") && !has(e, "HOME=/") && !has(e, "HOME=/twice") && has(e, "PATHS=y"));
	assert_true(has(e, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") &&
		    !has(e, "TERM=linux"));
}

static void the_status_of_an_answer(void **state)
{
	(void)state;
	assert_int_equal(box_probe_status("HTTP/1.1 200 OK\r\n"), 200);
	assert_int_equal(box_probe_status("HTTP/1.0 503"), 503);
	static const char *const bad[] = {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000 OK",
		"HTTP/1.1 x", "SSH-2.0-x 200", "HTTP/2 200", "HTTP/1.1  200"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(box_probe_status(bad[i]), 0);
}

static bool allows(const char *name)
{
	return calls_allow(&d->calls, (unsigned)call_number(name, strlen(name)));
}

static void calls_and_memory_files(void **state)
{
	(void)state;
	parse("root=/service\nfile=/a\ncommand.1=a\ncalls=read openat  io_uring_setup\nmemfd=1\n");
	assert_true(d->narrow && d->memfd == 1);
	assert_true(allows("read") && allows("openat") && allows("io_uring_setup"));
	assert_true(allows("execve") && allows("exit_group") && allows("rt_sigreturn"));
	assert_true(!allows("write") && !allows("fork"));
	static const char *const none[] = {
		"calls=wide\n", "calls=\n", "calls=read wriet\n", "calls=Read\n", ""};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		memset(d, 0, sizeof(*d));
		parse(none[i]);
		assert_true(!d->narrow && d->memfd == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls_and_memory_files, setup, teardown),
		cmocka_unit_test_setup_teardown(all_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(the_least, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_lines_leave_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_file_is_no_box, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_too_long_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(the_environment, setup, teardown),
		cmocka_unit_test(the_status_of_an_answer),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
