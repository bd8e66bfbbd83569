#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/netlink.h"
#include "common/text.h"
#include "common/vmware.h"

#define PORTS "/sys/class/virtio-ports"

static const char port_name[] = "org.qemu.guest_agent.0\n";
static const char hyperv_device[] = "/dev/vmbus/hv_kvp";

static struct children *children;
static struct child *agent;
static struct loop_fd events;

/* Its back end and device are written over when another device comes. */
char agent_device[sizeof("/dev/") + AGENT_PORT_MAX];
const char *agent_arguments[AGENT_ARGUMENTS] = {"/bin/agent", NULL, NULL, NULL};

/* The port's name is told by the host, and comes later than the port. */
static bool is_our_port(const char *folder, const char *port)
{
	char path[128], text[sizeof(port_name) + 1];
	struct text t = TEXT(path);
	text_add(&t, "%s/%s/name", folder, port);
	return !t.overflow && file_read(path, text, sizeof(text)) > 0 && strcmp(text, port_name) == 0;
}

bool agent_find_port(const char *folder, char name[static AGENT_PORT_MAX])
{
	bool found = false;
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(dir)) != NULL;) {
		size_t length = strlen(entry->d_name);
		found = length < AGENT_PORT_MAX && entry->d_name[0] != '.' &&
			is_our_port(folder, entry->d_name);
		if (found)
			memcpy(name, entry->d_name, length + 1);
	}
	closedir(dir);
	return found;
}

/* Of several only the first is ever there; a machine is one hypervisor's. */
static bool find_way(void)
{
	char name[AGENT_PORT_MAX];
	agent_arguments[2] = ROOM_DEVICE;
	if (agent_find_port(PORTS, name)) {
		agent_arguments[1] = "qemu";
		snprintf(agent_device, sizeof(agent_device), "/dev/%s", name);
	} else if (access(hyperv_device, F_OK) == 0) {
		agent_arguments[1] = "hyper-v";
		snprintf(agent_device, sizeof(agent_device), "%s", hyperv_device);
	} else if (vmware_here()) {
		agent_arguments[1] = "vmware";
		agent_arguments[2] = NULL;
		agent_device[0] = '\0';
	} else {
		return false;
	}
	return true;
}

/* Devices come as root's; one that was unplugged and is there again as well. */
static void give_device(void)
{
	const struct passwd *user = getpwnam(agent->program.user);
	if (agent_arguments[2] != NULL &&
		(user == NULL || chown(agent_device, user->pw_uid, user->pw_gid) < 0))
		log_warn("%s", agent_device);
}

static void look(void)
{
	agent->held = !find_way();
	if (agent->held) {
		child_stop(children, agent, false);
		return;
	}
	give_device();
	child_start(children, agent);
}

bool uevent_is_about(const char *bytes, size_t length, const char *subsystem)
{
	char key[64];
	/* Strings one after the other, each with its NUL; the first is none of the keys. */
	int key_length = snprintf(key, sizeof(key), "%cSUBSYSTEM=%s", '\0', subsystem);
	return key_length < (int)sizeof(key) && memmem(bytes, length, key, (size_t)key_length + 1) != NULL;
}

static void handle_events(struct loop *loop, struct loop_fd *w, uint32_t what)
{
	char bytes[2048];
	bool ours = false;
	(void)loop;
	(void)what;
	/* When some were lost (ENOBUFS), we look as well. */
	for (ssize_t length; (length = netlink_receive(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) != 0;) {
		if (length < 0) {
			ours = ours || errno == ENOBUFS;
			if (errno != ENOBUFS && errno != EINTR)
				break;
		} else if (uevent_is_about(bytes, (size_t)length, "virtio-ports") ||
			   uevent_is_about(bytes, (size_t)length, "misc")) {
			ours = true;
		}
	}
	if (ours)
		look();
}

int agent_watch(struct children *c)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int error = 0;
	children = c;
	agent = children_find(c, "agent");
	if (agent == NULL)
		return 0;
	events.handle = handle_events;
	events.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (events.fd < 0 || bind(events.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		loop_add(children->loop, &events, EPOLLIN) < 0) {
		error = errno;
		loop_close(children->loop, &events);
	}
	look();
	errno = error;
	return error == 0 ? 0 : -1;
}
