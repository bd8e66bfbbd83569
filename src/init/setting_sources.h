/* The ways by which settings come into a guest, the last word last. */
#ifndef THIMBLE_SETTING_SOURCES_H
#define THIMBLE_SETTING_SOURCES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/config.h"

enum { REFUSED_MAX = 8 };

struct settings {
	struct config config;
	char refused[REFUSED_MAX][256]; /* the first error lines */
};

/* Reads all of them into S, each value with where it came from. */
void settings_read(struct settings *s);

/* smbios.c: calls TAKE with each string of a structure of type 11, "OEM Strings" (SMBIOS 3.7, 7.12), LENGTH
 * bytes with its strings behind it. What is cut or lies about its length ends the walk. */
void smbios_each_oem_string(const uint8_t *structure, size_t length,
	void (*take)(const char *string, size_t string_length, unsigned number, void *data), void *data);

/* vmware.c: asks for guestinfo.KEY into VALUE, NUL-terminated: its length; -1: not there, or this is not
 * VMware. It is done by a child process, which is killed after a second: what answers there is hardware's
 * business, and PID 1 may neither fault nor wait. */
ssize_t vmware_guestinfo(const char *key, char *value, size_t size);

/* ovf.c: the value of property KEY in an OVF environment document (DSP0243 9.5), with its character
 * references decoded, into VALUE, NUL-terminated. Its length; -1: no such property, or it does not fit. */
ssize_t ovf_property(const char *document, const char *key, char *value, size_t size);

#endif
