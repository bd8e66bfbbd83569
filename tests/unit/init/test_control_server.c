/* Requests of those who may ask are heard, whoever else holds connections. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control_server.h"
#include "unit/common/folder.h"

enum { NOBODY = 65534, HELD = 8 };

static pid_t server;
static bool on_vmware;

bool __wrap_vmware_here(void);
bool __wrap_vmware_here(void)
{
	return on_vmware;
}

static void handle(const char *request, const char *user, char answer[static CONTROL_MESSAGE_MAX])
{
	snprintf(answer, CONTROL_MESSAGE_MAX, "%s by %s", request, user);
}

static int setup(void **state)
{
	int ready[2];
	char byte;
	if (folder_setup(state) < 0 || chmod(test_folder, 0755) < 0 || pipe(ready) < 0)
		return -1;
	server = fork();
	if (server == 0) {
		static struct loop loop;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (loop_init(&loop) < 0 || control_server_start(&loop, handle) < 0 ||
			write(ready[1], "x", 1) != 1)
			_exit(1);
		loop_run(&loop);
		_exit(1);
	}
	close(ready[1]);
	return read(ready[0], &byte, 1) == 1 ? close(ready[0]) : -1;
}

static int teardown(void **state)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return folder_teardown(state);
}

static int connect_to_it(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", test_folder);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

/* As somebody else: connects HELD times, says so, and keeps them all. */
static pid_t hold_places(void)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(1);
		for (int i = 0; i < HELD; i++)
			if (connect_to_it() < 0)
				_exit(1);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void who_may_ask_is_heard_beside_those_who_may_not(void **state)
{
	char answer[CONTROL_MESSAGE_MAX];
	(void)state;
	if (geteuid() != 0)
		skip();
	pid_t others = hold_places();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(control_request("poweroff", answer), 0);
		assert_string_equal(answer, "poweroff by root");
	}
	kill(others, SIGKILL);
	waitpid(others, NULL, 0);
}

static void who_may_not_ask_is_told_so(void **state)
{
	(void)state;
	int status;
	if (geteuid() != 0)
		skip();
	pid_t pid = fork();
	if (pid == 0) {
		char answer[CONTROL_MESSAGE_MAX];
		if (setresuid(NOBODY, NOBODY, NOBODY) < 0 || control_request("poweroff", answer) < 0)
			_exit(1);
		_exit(strcmp(answer, "refused: only root, console and agent may ask") == 0 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static int setup_on_vmware(void **state)
{
	on_vmware = true;
	return setup(state);
}

static void assert_answer(const char *request, const char *expected)
{
	char answer[CONTROL_MESSAGE_MAX];
	assert_int_equal(control_request(request, answer), 0);
	assert_string_equal(answer, expected);
}

static void settings_are_read_again_where_they_may_change(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_answer("read-settings", "read-settings by root");
}

/* Guestinfo may take a second or two, in which PID 1 does nothing else. */
static void settings_are_not_read_again_on_vmware(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_answer("read-settings", "refused: VMware's settings are read at the start only");
	assert_answer("poweroff", "poweroff by root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			who_may_ask_is_heard_beside_those_who_may_not, setup, teardown),
		cmocka_unit_test_setup_teardown(who_may_not_ask_is_told_so, setup, teardown),
		cmocka_unit_test_setup_teardown(
			settings_are_read_again_where_they_may_change, setup, teardown),
		cmocka_unit_test_setup_teardown(
			settings_are_not_read_again_on_vmware, setup_on_vmware, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
