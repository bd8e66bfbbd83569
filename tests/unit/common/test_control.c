/* A request's answer is read, however its peer ends. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <poll.h>

#include "control.h"
#include "unit/common/folder.h"

static int listen_there(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", test_folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static pid_t peer;

ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);

/* Comes back when the peer has ended. */
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
	siginfo_t how;
	ssize_t sent = __real_send(fd, bytes, length, flags);
	waitid(P_PID, (id_t)peer, &how, WEXITED | WNOWAIT);
	return sent;
}

/* Answers one request without reading it, when it is there. */
static pid_t answer_unread(int listening)
{
	pid_t pid = fork();
	if (pid == 0) {
		alarm(10);
		int fd = accept(listening, NULL, NULL);
		struct pollfd request = {.fd = fd, .events = POLLIN};
		_exit(poll(&request, 1, -1) == 1 && write(fd, "refused", 7) == 7 ? 0 : 1);
	}
	return pid;
}

static void an_answer_is_read_though_the_request_was_not(void **state)
{
	char answer[CONTROL_MESSAGE_MAX];
	int status;
	(void)state;
	int listening = listen_there();
	peer = answer_unread(listening);
	int result = control_request("poweroff", answer);
	waitpid(peer, &status, 0);
	close(listening);
	assert_int_equal(status, 0);
	assert_int_equal(result, 0);
	assert_string_equal(answer, "refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_though_the_request_was_not),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
