/* Messages of the kernel about the machine's power button (generic netlink family acpi_event). */
#ifndef THIMBLE_INIT_ACPI_H
#define THIMBLE_INIT_ACPI_H

#include <stddef.h>
#include <stdint.h>

/* What LENGTH bytes of generic netlink mean, FAMILY_ID being the family's number when it is known. */
enum acpi_message { ACPI_OTHER, ACPI_FAMILY, ACPI_POWER_BUTTON };
struct acpi_family {
	uint16_t id;
	uint32_t group;
};
enum acpi_message acpi_parse(
	const void *bytes, size_t length, uint16_t family_id, struct acpi_family *family);

#endif
