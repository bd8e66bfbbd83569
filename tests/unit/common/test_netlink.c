/* What another process sends to a netlink socket is passed over: only the kernel is heard. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "common/netlink.h"

static int open_family(int family, struct sockaddr_nl *address)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
	assert_true(fd >= 0);
	*address = (struct sockaddr_nl){.nl_family = AF_NETLINK};
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &length), 0);
	return fd;
}

/* NETLINK_USERSOCK lets anybody send; the others take CAP_NET_ADMIN for it. */
static void strangers_are_passed_over(void **state)
{
	struct sockaddr_nl ours, theirs;
	char byte;
	(void)state;
	int fd = open_family(NETLINK_USERSOCK, &ours), stranger = open_family(NETLINK_USERSOCK, &theirs);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sendto(stranger, "press", 5, 0, (struct sockaddr *)&ours, sizeof(ours)), 5);
	assert_int_equal(netlink_receive(fd, &byte, sizeof(byte), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	close(stranger);
}

static void the_kernel_is_heard(void **state)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg generic;
	} request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
			     .nlmsg_type = RTM_GETLINK,
			     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	struct sockaddr_nl ours;
	char bytes[32768];
	(void)state;
	int fd = open_family(NETLINK_ROUTE, &ours);
	assert_true(send(fd, &request, request.header.nlmsg_len, 0) > 0);
	assert_true(netlink_receive(fd, bytes, sizeof(bytes), 0) >= (ssize_t)sizeof(struct nlmsghdr));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_passed_over),
		cmocka_unit_test(the_kernel_is_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
