/* Settings in an OVF environment document. */
#ifndef THIMBLE_INIT_OVF_H
#define THIMBLE_INIT_OVF_H

#include <sys/types.h>

/* The value of property KEY in DOCUMENT (DSP0243 9.5), with its character references decoded, into VALUE,
 * NUL-terminated. Its length; -1: no such property, or it does not fit. */
ssize_t ovf_property(const char *document, const char *key, char *value, size_t size);

#endif
