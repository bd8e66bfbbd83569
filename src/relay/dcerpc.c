#include "dcerpc.h"

#include <string.h>

/* C706 12.6.3.1 and 12.6.4.3, offsets in bytes:
 *
 *   0 rpc_vers       4 packed_drep    12 call_id         20 assoc_group_id
 *   1 minor          8 frag_length    16 max_xmit_frag   24 n_context_elem
 *   2 PTYPE         10 auth_length    18 max_recv_frag   28 presentation contexts, then the auth_verifier
 *   3 pfc_flags
 *
 * a context: 0 p_cont_id, 2 n_transfer_syn, 4 abstract syntax, 24 transfer syntaxes
 * a syntax: 0 UUID, 16 version */
enum {
	RPC_VERS = 5,
	RPC_VERS_MINOR_MAX = 1,
	PTYPE_BIND = 11,
	PFC_FIRST_FRAG = 0x01,
	PFC_LAST_FRAG = 0x02,
	INTEGER_BIG = 0, /* the upper half of packed_drep[0], C706 14.1 */
	INTEGER_LITTLE = 1,

	FRAG_LENGTH_AT = 8,
	AUTH_LENGTH_AT = 10,
	CONTEXT_COUNT_AT = 24,
	CONTEXTS_AT = 28,
	TRANSFER_COUNT_AT = 2,
	ABSTRACT_SYNTAX_AT = 4,
	SYNTAX_BYTES = 20,
	CONTEXT_HEAD_BYTES = ABSTRACT_SYNTAX_AT + SYNTAX_BYTES,
	CONTEXT_BYTES_MIN = CONTEXT_HEAD_BYTES + SYNTAX_BYTES,
	SEC_TRAILER_BYTES = 8, /* before the auth_length bytes of the token, MS-RPCE 2.2.2.11 */
	BIND_BYTES_MIN = CONTEXTS_AT + CONTEXT_BYTES_MIN,
};

/* The walk through one PDU. Each step returns false when it has a refusal or lacks bytes. */
struct walk {
	const uint8_t *bytes;
	size_t length;
	size_t contexts_end_max; /* where the authentication, or the fragment's end, begins */
	struct dcerpc_result result;
};

static bool refuse_pdu(struct walk *w, const char *reason, int value)
{
	w->result.verdict = DCERPC_REFUSE;
	w->result.reason = reason;
	w->result.value = value;
	return false;
}

static bool is_little(const struct walk *w)
{
	return w->bytes[4] >> 4 == INTEGER_LITTLE;
}

static unsigned read_u16(const struct walk *w, size_t at)
{
	const uint8_t *b = w->bytes + at;
	return is_little(w) ? (unsigned)b[1] << 8 | b[0] : (unsigned)b[0] << 8 | b[1];
}

/* time_low, time_mid and time_hi are integers of the PDU's byte order, the rest is bytes (C706 appendix A).
 */
static struct uuid read_uuid(const struct walk *w, size_t at)
{
	static const uint8_t from_little[UUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct uuid u;
	for (size_t i = 0; i < UUID_BYTES; i++)
		u.bytes[i] = w->bytes[at + (is_little(w) ? from_little[i] : i)];
	return u;
}

static bool walk_head(struct walk *w)
{
	const uint8_t *b = w->bytes;
	if (w->length > 0 && b[0] != RPC_VERS)
		return refuse_pdu(w, "not DCE/RPC: rpc_vers", b[0]);
	if (w->length > 1 && b[1] > RPC_VERS_MINOR_MAX)
		return refuse_pdu(w, "not DCE/RPC: rpc_vers_minor", b[1]);
	if (w->length > 2 && b[2] != PTYPE_BIND)
		return refuse_pdu(w, "no bind at first: PDU type", b[2]);
	if (w->length > 3 && !(b[3] & PFC_FIRST_FRAG))
		return refuse_pdu(w, "bind without its first fragment: pfc_flags", b[3]);
	if (w->length > 4 && b[4] >> 4 != INTEGER_BIG && b[4] >> 4 != INTEGER_LITTLE)
		return refuse_pdu(w, "no data representation of DCE/RPC: packed_drep", b[4]);
	return w->length > 4;
}

static bool walk_lengths(struct walk *w)
{
	if (w->length < FRAG_LENGTH_AT + 2)
		return false;
	unsigned frag_length = read_u16(w, FRAG_LENGTH_AT);
	if (frag_length < BIND_BYTES_MIN)
		return refuse_pdu(w, "fragment too short for a bind: frag_length", (int)frag_length);
	if (w->length < AUTH_LENGTH_AT + 2)
		return false;
	unsigned auth_length = read_u16(w, AUTH_LENGTH_AT);
	unsigned auth_bytes = auth_length == 0 ? 0 : auth_length + SEC_TRAILER_BYTES;
	if (frag_length < BIND_BYTES_MIN + auth_bytes)
		return refuse_pdu(
			w, "authentication too long for the fragment: auth_length", (int)auth_length);
	w->contexts_end_max = frag_length - auth_bytes;
	return true;
}

/* Whether COUNT more contexts from AT on can be there. */
static bool have_room(struct walk *w, size_t at, size_t count)
{
	size_t end = at + count * CONTEXT_BYTES_MIN;
	if (end > w->contexts_end_max)
		return refuse_pdu(w,
			w->bytes[3] & PFC_LAST_FRAG ? "presentation contexts longer than the fragment"
						    : "presentation contexts in several fragments",
			-1);
	if (end > DCERPC_BYTES_MAX)
		return refuse_pdu(w, "presentation contexts beyond byte", DCERPC_BYTES_MAX);
	return true;
}

static bool is_interface_allowed(const struct uuid *u, const struct uuid *allowed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(u, &allowed[i], sizeof(*u)) == 0)
			return true;
	return false;
}

static bool walk_contexts(struct walk *w, const struct uuid *allowed, size_t allowed_count)
{
	size_t at = CONTEXTS_AT;
	if (w->length <= CONTEXT_COUNT_AT)
		return false;
	size_t left = w->bytes[CONTEXT_COUNT_AT];
	if (left == 0)
		return refuse_pdu(w, "bind without a presentation context", -1);
	if (!have_room(w, at, left))
		return false;
	for (; left > 0; left--) {
		if (w->length <= at + TRANSFER_COUNT_AT)
			return false;
		size_t transfer_count = w->bytes[at + TRANSFER_COUNT_AT];
		size_t next = at + CONTEXT_HEAD_BYTES + transfer_count * SYNTAX_BYTES;
		if (transfer_count == 0)
			return refuse_pdu(w, "presentation context without a transfer syntax", -1);
		if (!have_room(w, next, left - 1))
			return false;
		if (w->length < at + ABSTRACT_SYNTAX_AT + UUID_BYTES)
			return false;
		struct uuid offered = read_uuid(w, at + ABSTRACT_SYNTAX_AT);
		if (!is_interface_allowed(&offered, allowed, allowed_count)) {
			w->result.has_offered = true;
			w->result.offered = offered;
			return refuse_pdu(w, "bind to another interface", -1);
		}
		at = next;
	}
	return w->length >= at;
}

struct dcerpc_result dcerpc_look(
	const uint8_t *bytes, size_t length, const struct uuid *allowed, size_t allowed_count)
{
	struct walk w = {
		.bytes = bytes,
		.length = length < DCERPC_BYTES_MAX ? length : DCERPC_BYTES_MAX,
		.result = {.verdict = DCERPC_MORE, .value = -1},
	};
	if (walk_head(&w) && walk_lengths(&w) && walk_contexts(&w, allowed, allowed_count))
		w.result.verdict = DCERPC_PASS;
	return w.result;
}

void text_add_dcerpc_reason(struct text *t, const struct dcerpc_result *r)
{
	if (r->reason == NULL)
		return;
	text_add(t, "%s", r->reason);
	if (r->value >= 0)
		text_add(t, " %d", r->value);
	if (r->has_offered) {
		text_add(t, " ");
		text_add_uuid(t, &r->offered);
	}
}
