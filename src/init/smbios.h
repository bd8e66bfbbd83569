/* Settings in the tables of the machine's firmware. */
#ifndef THIMBLE_INIT_SMBIOS_H
#define THIMBLE_INIT_SMBIOS_H

#include <stddef.h>
#include <stdint.h>

/* Calls TAKE with each string of a structure of type 11, "OEM Strings" (SMBIOS 3.7, 7.12), LENGTH bytes with
 * its strings behind it. One that is truncated or has a wrong length ends the walk. */
void smbios_each_oem_string(const uint8_t *structure, size_t length,
	void (*take)(const char *string, size_t string_length, unsigned number, void *data), void *data);

#endif
