/* The guard's reader: whether a stream begins with a DCE/RPC bind to an allowed interface (C706 chapter 12.6,
 * MS-RPCE 2.2.2 and 2.2.6). Bytes in, verdict out. It reads the first PDU and nothing behind it: what a
 * client asks for on a connection that has passed (an alter_context among it) is between it and the upstream.
 */
#ifndef RELAY_DCERPC_H
#define RELAY_DCERPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"
#include "common/uuid.h"

/* How many bytes of a stream are looked at. A context with NDR, NDR64 and feature negotiation takes 88: 46 of
 * them fit. More bytes never change a verdict but DCERPC_MORE, and with so many there is another one. */
enum { DCERPC_BYTES_MAX = 4096 };

enum dcerpc_verdict {
	DCERPC_MORE,   /* good so far */
	DCERPC_PASS,   /* each presentation context has been read, and is of an allowed interface */
	DCERPC_REFUSE, /* anything else, known at the first byte that cannot be right */
};

struct dcerpc_result {
	enum dcerpc_verdict verdict;
	const char *reason; /* of DCERPC_REFUSE, static: "not DCE/RPC: rpc_vers"; else NULL */
	int value;          /* the number that ends the reason, or -1 */
	bool has_offered;   /* the reason is an interface that is not allowed */
	struct uuid offered;
};

/* Looks at the first LENGTH bytes of a stream. Each context must be of one of the ALLOWED interfaces, in any
 * version: one that is not would be open, too, once the bind has passed.
 *
 * DCERPC_PASS does not wait for what follows the contexts: an authentication token may be larger than
 * DCERPC_BYTES_MAX (frag_length goes up to 65535), and the guard has nothing to check in it. */
struct dcerpc_result dcerpc_look(
	const uint8_t *bytes, size_t length, const struct uuid *allowed, size_t allowed_count);

/* Appends the reason of a refusal in words: "not DCE/RPC: rpc_vers 71", "bind to another interface
 * e1af8308-5d1f-11c9-91a4-08002b14a0fa". */
void text_add_dcerpc_reason(struct text *t, const struct dcerpc_result *r);

#endif
