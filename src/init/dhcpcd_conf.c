#include "dhcpcd_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/ip_setting.h"
#include "common/log.h"
#include "common/record.h"

static const char image_path[] = "/etc/dhcpcd.conf";

/* `link` sets static addresses; here only what they replace is switched off. dhcpcd passes "env" on in its
 * events, so `net` knows which clients are off. */
static const char no_dhcp4[] = "noipv4\nenv dhcp4=off\n";
static const char no_dhcp6[] = "nodhcp6\nipv6ra_noautoconf\nenv dhcp6=off\n"; /* routers are heard */
static const char no_router[] = "noipv6rs\nenv ra=off\n";
static const char no_ipv6[] = "noipv6\nenv dhcp6=off\nenv ra=off\n";

static void add_setting(struct text *t, const struct ip_setting *s)
{
	const uint8_t *m = s->mac;
	if (s->kind == IP_AUTOMATIC)
		return;
	if (s->by_mac)
		text_add(t, "interface %02x:%02x:%02x:%02x:%02x:%02x\n", m[0], m[1], m[2], m[3], m[4], m[5]);
	else
		text_add(t, "interface %s\n", s->ifname);
	if (s->kind == IP_NONE || s->family == AF_INET)
		text_add(t, no_dhcp4);
	if (s->kind == IP_NONE)
		text_add(t, no_ipv6);
	else if (s->family == AF_INET6)
		text_add(t, "%s%s", no_dhcp6, s->has_gateway ? no_router : "");
}

void dhcpcd_conf_add(struct text *t, const char *ip, const char *mtu)
{
	struct ip_setting list[IP_SETTINGS_MAX];
	size_t count;
	if (strcmp(mtu, "0") != 0)
		text_add(t, "nooption interface_mtu\n"); /* it would become the MTU of routes */
	if (ip_settings_read(list, &count, ip) != NULL)
		return;
	for (size_t i = 0; i < count; i++)
		add_setting(t, &list[i]);
}

/* 0, or -1 with errno. */
static int write_file(const char *path, const struct text *t)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	errno = ENOSPC;
	int result = write(fd, t->data, t->used) == (ssize_t)t->used ? 0 : -1;
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

const char *dhcpcd_conf_write(const struct config *c)
{
	static char path[64], bytes[8192]; /* three times the file and the most that can be added */
	struct text t = TEXT(bytes), p = TEXT(path);
	ssize_t length = file_read(image_path, bytes, sizeof(bytes));
	t.used = length < 0 ? 0 : (size_t)length;
	dhcpcd_conf_add(&t, config_get(c, CONFIG_IP), config_get(c, CONFIG_MTU));
	if (length < 0 || t.used == (size_t)length)
		return image_path;
	text_add(&p, "%s/init/dhcpcd.conf", run_dir());
	errno = ENOSPC;
	if (!t.overflow && write_file(path, &t) == 0)
		return path;
	log_warn("%s: dhcpcd does not hear of `ip` and `mtu`", path);
	return image_path;
}
