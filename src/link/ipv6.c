#include "ipv6.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "request.h"

static int open_setting(const char *ifname)
{
	char path[64];
	struct text t = TEXT(path);
	text_add(&t, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	return open(path, O_RDWR | O_CLOEXEC);
}

static int write_setting(int fd, unsigned value)
{
	char number[16];
	struct text t = TEXT(number);
	text_add(&t, "%u", value);
	return pwrite(fd, number, t.used, 0) < 0 ? -1 : 0;
}

/* Any number but 0 is off (net/ipv6/addrconf.c); this one marks it as link's. */
int ipv6_switch_off(const char *ifname)
{
	int fd = open_setting(ifname);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	int result = write_setting(fd, LINK_MARK), error = errno;
	close(fd);
	errno = error;
	return result;
}

int ipv6_switch_on(const char *ifname)
{
	char number[16] = "";
	uint64_t value;
	int result = 0, fd = open_setting(ifname);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (read(fd, number, sizeof(number) - 1) > 0 &&
		parse_number_n(number, strcspn(number, "\n"), LINK_MARK, LINK_MARK, &value))
		result = write_setting(fd, 0);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}
