/* Generic netlink as far as the ACPI power button needs it: include/uapi/linux/genetlink.h, and
 * drivers/acpi/event.c for the event. */
#include "acpi.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>

/* drivers/acpi/event.c keeps these to itself. */
enum { ACPI_GENL_CMD_EVENT = 1, ACPI_GENL_ATTR_EVENT = 1 };
struct acpi_genl_event {
	char device_class[20];
	char bus_id[15];
	uint32_t type;
	uint32_t data;
};

/* The attribute TYPE among LENGTH bytes of attributes, or NULL. *PAYLOAD gets its length. */
static const char *find_attribute(const char *at, size_t length, uint16_t type, size_t *payload)
{
	struct nlattr a;
	*payload = 0;
	while (length >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > length)
			return NULL;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*payload = a.nla_len - sizeof(a);
			return at + sizeof(a);
		}
		size_t step = NLA_ALIGN(a.nla_len);
		if (step > length)
			return NULL;
		at += step;
		length -= step;
	}
	return NULL;
}

static bool read_family(const char *at, size_t length, struct acpi_family *family)
{
	size_t id_length, groups_length, group_length = 0, payload = 0;
	const char *id = find_attribute(at, length, CTRL_ATTR_FAMILY_ID, &id_length);
	const char *groups = find_attribute(at, length, CTRL_ATTR_MCAST_GROUPS, &groups_length);
	/* The groups are a list of nested attributes numbered from 1; this family has one. */
	const char *group = groups == NULL ? NULL : find_attribute(groups, groups_length, 1, &group_length);
	const char *number =
		group == NULL ? NULL : find_attribute(group, group_length, CTRL_ATTR_MCAST_GRP_ID, &payload);
	if (id == NULL || id_length != sizeof(family->id) || number == NULL ||
		payload != sizeof(family->group))
		return false;
	memcpy(&family->id, id, sizeof(family->id));
	memcpy(&family->group, number, sizeof(family->group));
	return true;
}

static bool is_power_button(const char *at, size_t length)
{
	struct acpi_genl_event event;
	size_t payload;
	const char *bytes = find_attribute(at, length, ACPI_GENL_ATTR_EVENT, &payload);
	if (bytes == NULL || payload < sizeof(event))
		return false;
	memcpy(&event, bytes, sizeof(event));
	return strncmp(event.device_class, "button/power", sizeof(event.device_class)) == 0;
}

enum acpi_message acpi_parse(const void *bytes, size_t length, uint16_t family_id, struct acpi_family *family)
{
	const char *at = bytes;
	struct nlmsghdr header;
	struct genlmsghdr generic;
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;
	if (length < head)
		return ACPI_OTHER;
	memcpy(&header, at, sizeof(header));
	memcpy(&generic, at + NLMSG_HDRLEN, sizeof(generic));
	if (header.nlmsg_len < head || header.nlmsg_len > length)
		return ACPI_OTHER;
	at += head;
	length = header.nlmsg_len - head;
	if (header.nlmsg_type == GENL_ID_CTRL && generic.cmd == CTRL_CMD_NEWFAMILY)
		return read_family(at, length, family) ? ACPI_FAMILY : ACPI_OTHER;
	if (family_id != 0 && header.nlmsg_type == family_id && generic.cmd == ACPI_GENL_CMD_EVENT &&
		is_power_button(at, length))
		return ACPI_POWER_BUTTON;
	return ACPI_OTHER;
}
