#include "host_name.h"

#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

/* "thimble-" and the last three bytes of the first NIC's MAC: a name that is stable and unique. */
static void add_name_of_mac(struct text *name)
{
	char mac[32] = "";
	text_add(name, "thimble");
	if (file_read("/sys/class/net/eth0/address", mac, sizeof(mac)) >= 17)
		text_add(name, "-%.2s%.2s%.2s", mac + 9, mac + 12, mac + 15);
}

static void set_name(struct host_name *h, const char *name, const char *origin)
{
	if (sethostname(name, strlen(name)) < 0)
		log_warn("host name %s", name);
	else
		h->origin = origin;
}

void host_name_begin(struct host_name *h, const struct config *c)
{
	struct text name = TEXT(h->at_boot);
	const char *setting = config_get(c, CONFIG_HOSTNAME);
	h->origin = "mac";
	h->from_dhcp[0] = '\0';
	if (setting[0] != '\0')
		text_add(&name, "%s", setting);
	else
		add_name_of_mac(&name);
	set_name(h, name.data, setting[0] != '\0' ? "setting" : "mac");
}

void host_name_follow(struct host_name *h, const char *name)
{
	if (name == NULL || strcmp(h->origin, "setting") == 0 ||
		strncmp(name, h->from_dhcp, sizeof(h->from_dhcp) - 1) == 0)
		return;
	strncpy(h->from_dhcp, name, sizeof(h->from_dhcp) - 1);
	if (machine_name_valid(name, strlen(name))) {
		set_name(h, name, "dhcp");
		log_info("host name %s, from DHCP", name);
		return;
	}
	log_warnx("host name refused, from DHCP: \"%s\", allowed: %s", h->from_dhcp,
		config_definitions[CONFIG_HOSTNAME].allowed);
}
