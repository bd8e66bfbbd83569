/* ACPI's messages: the power button is told from the rest, and what is cut or broken means nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "acpi.h"

/* A netlink attribute at AT; its padded length. */
static size_t put(char *at, uint16_t type, const void *payload, size_t length)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
	memcpy(at, &a, sizeof(a));
	memcpy(at + NLA_HDRLEN, payload, length);
	return NLA_ALIGN(NLA_HDRLEN + length);
}

static size_t message(char *at, uint16_t type, uint8_t command, const void *payload, size_t length)
{
	struct nlmsghdr header = {
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + GENL_HDRLEN + length), .nlmsg_type = type};
	struct genlmsghdr generic = {.cmd = command};
	memcpy(at, &header, sizeof(header));
	memcpy(at + NLMSG_HDRLEN, &generic, sizeof(generic));
	memcpy(at + NLMSG_HDRLEN + GENL_HDRLEN, payload, length);
	return header.nlmsg_len;
}

static size_t family_message(char *at)
{
	char group[64], groups[128], attributes[256];
	uint16_t id = 25;
	uint32_t number = 9;
	size_t length = put(group, CTRL_ATTR_MCAST_GRP_NAME, "acpi_mc_group", 14);
	length += put(group + length, CTRL_ATTR_MCAST_GRP_ID, &number, sizeof(number));
	size_t groups_length = put(groups, 1, group, length);
	length = put(attributes, CTRL_ATTR_FAMILY_NAME, "acpi_event", 11);
	length += put(attributes + length, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	length += put(attributes + length, CTRL_ATTR_MCAST_GROUPS, groups, groups_length);
	return message(at, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, attributes, length);
}

static size_t event_message(char *at, const char *class)
{
	char event[44] = {0}, attribute[64];
	strcpy(event, class);
	return message(at, 25, 1, attribute, put(attribute, 1, event, sizeof(event)));
}

static void power_button_is_told_from_the_rest(void **state)
{
	char bytes[512];
	struct acpi_family family = {0};
	(void)state;
	size_t length = family_message(bytes);
	assert_int_equal(acpi_parse(bytes, length, 0, &family), ACPI_FAMILY);
	assert_int_equal(family.id, 25);
	assert_int_equal(family.group, 9);
	length = event_message(bytes, "button/power");
	assert_int_equal(acpi_parse(bytes, length, 25, &family), ACPI_POWER_BUTTON);
	assert_int_equal(acpi_parse(bytes, length, 26, &family), ACPI_OTHER);
	assert_int_equal(acpi_parse(bytes, length, 0, &family), ACPI_OTHER);
	length = event_message(bytes, "button/lid");
	assert_int_equal(acpi_parse(bytes, length, 25, &family), ACPI_OTHER);
}

static void cut_and_broken_acpi_messages_mean_nothing(void **state)
{
	char bytes[512];
	struct acpi_family family = {0};
	(void)state;
	size_t length = event_message(bytes, "button/power");
	for (size_t cut = 0; cut < length; cut++) {
		char *copy = malloc(cut + 1); /* so that the sanitizer sees a read beyond the end */
		memcpy(copy, bytes, cut);
		assert_int_equal(acpi_parse(copy, cut, 25, &family), ACPI_OTHER);
		free(copy);
	}
	length = family_message(bytes);
	for (size_t at = 0; at < length; at++) {
		for (int value = 0; value < 256; value += 5) {
			char *copy = malloc(length);
			memcpy(copy, bytes, length);
			copy[at] = (char)value;
			acpi_parse(copy, length, 25, &family);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_button_is_told_from_the_rest),
		cmocka_unit_test(cut_and_broken_acpi_messages_mean_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
