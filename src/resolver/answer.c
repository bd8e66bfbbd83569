#include "answer.h"

#include <arpa/nameser.h>
#include <string.h>
#include <strings.h>

enum { CNAMES_MAX = 16, POINTER_BITS = 0xc0 };

bool answer_is_final(enum answer_status status)
{
	return status <= ANSWER_ALL_REFUSED;
}

uint32_t answer_bound_ttl(uint32_t seconds)
{
	return seconds < TTL_MIN_S ? TTL_MIN_S : seconds > TTL_MAX_S ? TTL_MAX_S : seconds;
}

/* Not 0/8, 127/8, 169.254/16, 224/4 and 240/4. */
static bool is_host_address4(const uint8_t *ipv4)
{
	return ipv4[0] != 0 && ipv4[0] != 127 && !(ipv4[0] == 169 && ipv4[1] == 254) && ipv4[0] < 224;
}

bool answer_is_host_address(const struct in6_addr *a)
{
	/* What ends in an IPv4 address: itself, the IPv4-compatible ones with ::1, and NAT64's (RFC 6052). */
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b}, zero[12];
	if (memcmp(a, zero, sizeof(zero)) == 0)
		return false;
	if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
		return is_host_address4(&a->s6_addr[12]);
	return !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LINKLOCAL(a);
}

/* Reads the name at AT, which takes up *USED bytes there, into NAME without a dot at its end; the root is "".
 * False for what is no host name: dn_expand() would pass on labels with dots or NUL in them, each library in
 * its own way. A pointer must lead further back than the one before it, so there is no loop. */
static bool read_name(
	const uint8_t *bytes, size_t length, size_t at, char name[static HOST_BYTES_MAX], size_t *used)
{
	size_t start = at, lowest = at, out = 0;
	*used = 0;
	while (at < length && bytes[at] != 0) {
		size_t label = bytes[at];
		if ((label & POINTER_BITS) == POINTER_BITS) {
			if (at + 1 >= length)
				return false;
			if (*used == 0)
				*used = at + 2 - start;
			at = (label & ~(size_t)POINTER_BITS) << 8 | bytes[at + 1];
			if (at >= lowest)
				return false;
			lowest = at;
			continue;
		}
		if ((label & POINTER_BITS) != 0 || label >= length - at || out + label + 2 > HOST_BYTES_MAX ||
			memchr(bytes + at + 1, '.', label) != NULL)
			return false;
		if (out > 0)
			name[out++] = '.';
		memcpy(name + out, bytes + at + 1, label);
		out += label;
		at += label + 1;
	}
	if (at >= length)
		return false;
	if (*used == 0)
		*used = at + 1 - start;
	name[out] = '\0';
	return out == 0 || host_name_valid(name, out);
}

/* One answer while it is read. */
struct reading {
	const uint8_t *bytes;
	size_t length;
	ns_msg message;
	char owner[HOST_BYTES_MAX]; /* of the records that count */
	uint32_t ttl_s;
	bool broken; /* a record that cannot be read */
};

/* The name in RR's data from OFFSET on, which must end with the data. */
static bool read_data_name(
	const struct reading *r, const ns_rr *rr, size_t offset, char name[static HOST_BYTES_MAX])
{
	size_t used, at = (size_t)(ns_rr_rdata(*rr) - r->bytes) + offset;
	return ns_rr_rdlen(*rr) > offset && read_name(r->bytes, r->length, at, name, &used) &&
	       used == ns_rr_rdlen(*rr) - offset;
}

static void note_ttl(struct reading *r, const ns_rr *rr)
{
	uint32_t ttl = ns_rr_ttl(*rr);
	if (ttl > INT32_MAX) /* RFC 2181 8 */
		ttl = 0;
	if (ttl < r->ttl_s)
		r->ttl_s = ttl;
}

/* The next record of TYPE that belongs to the owner, from *INDEX on. */
static bool next_record(struct reading *r, int type, int *index, ns_rr *rr)
{
	while (*index < ns_msg_count(r->message, ns_s_an)) {
		if (ns_parserr(&r->message, ns_s_an, (*index)++, rr) < 0) {
			r->broken = true;
			return false;
		}
		if (ns_rr_class(*rr) == ns_c_in && rr->type == type &&
			strcasecmp(ns_rr_name(*rr), r->owner) == 0)
			return true;
	}
	return false;
}

/* Moves the owner along the CNAMEs, in whatever order they stand. False: no end to them, or no name. */
static bool follow_cnames(struct reading *r)
{
	for (int count = 0; count <= CNAMES_MAX; count++) {
		ns_rr rr;
		int index = 0;
		if (!next_record(r, ns_t_cname, &index, &rr))
			return !r->broken;
		if (!read_data_name(r, &rr, 0, r->owner) || r->owner[0] == '\0')
			return false;
		note_ttl(r, &rr);
	}
	return false;
}

static enum answer_status status_of_code(unsigned code)
{
	switch (code) {
	case ns_r_noerror:
		return ANSWER_OK;
	case ns_r_nxdomain:
		return ANSWER_NO_NAME;
	case ns_r_servfail:
		return ANSWER_SERVFAIL;
	case ns_r_refused:
		return ANSWER_REFUSED;
	default:
		return ANSWER_ERROR;
	}
}

/* RFC 1035 4.1.1: the third byte begins with QR and has TC at 2, the fourth ends in the code. */
static bool is_response(const uint8_t *bytes, size_t length)
{
	return length >= NS_HFIXEDSZ && (bytes[2] & 0x80) != 0;
}

static bool is_truncated(const uint8_t *bytes)
{
	return (bytes[2] & 2) != 0;
}

enum answer_status answer_read_failure(const uint8_t *bytes, size_t length)
{
	if (!is_response(bytes, length))
		return ANSWER_SILENT;
	enum answer_status status = status_of_code(bytes[3] & 15u);
	if (!answer_is_final(status))
		return status;
	return is_truncated(bytes) ? ANSWER_TRUNCATED : ANSWER_SILENT;
}

/* Checks that BYTES answer the question for NAME and TYPE, and finds whose records count. */
static enum answer_status begin(
	struct reading *r, const uint8_t *bytes, size_t length, const char *name, int type)
{
	ns_rr question;
	r->bytes = bytes;
	r->length = length;
	r->broken = false;
	r->ttl_s = TTL_MAX_S;
	if (!is_response(bytes, length) || strlen(name) >= sizeof(r->owner))
		return ANSWER_MALFORMED;
	enum answer_status status = status_of_code(bytes[3] & 15u);
	if (!answer_is_final(status))
		return status;
	if (length > INT32_MAX || ns_initparse(bytes, (int)length, &r->message) < 0 ||
		ns_msg_count(r->message, ns_s_qd) != 1 ||
		ns_parserr(&r->message, ns_s_qd, 0, &question) < 0 || question.type != type ||
		ns_rr_class(question) != ns_c_in || strcasecmp(ns_rr_name(question), name) != 0)
		return is_truncated(bytes) ? ANSWER_TRUNCATED : ANSWER_MALFORMED;
	if (status != ANSWER_OK)
		return status;
	if (is_truncated(bytes))
		return ANSWER_TRUNCATED;
	strcpy(r->owner, name);
	return follow_cnames(r) ? ANSWER_OK : ANSWER_MALFORMED;
}

/* Negative when A goes before B. The last two only keep the order the same from one answer to the next. */
static int compare(const struct answer_service *a, const struct answer_service *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	int order = strcasecmp(a->host, b->host);
	return order != 0 ? order : (int)a->port - (int)b->port;
}

static void add_service(struct answer_services *a, const struct answer_service *s)
{
	unsigned at = 0;
	while (at < a->count && compare(&a->list[at], s) < 0)
		at++;
	if (at < a->count && compare(&a->list[at], s) == 0)
		return;
	if (a->count == TARGETS_MAX) {
		a->left_out++;
		if (at == TARGETS_MAX)
			return;
		a->count--;
	}
	memmove(&a->list[at + 1], &a->list[at], (a->count - at) * sizeof(a->list[0]));
	a->list[at] = *s;
	a->count++;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

enum answer_status answer_read_services(
	struct answer_services *a, const uint8_t *bytes, size_t length, const char *name)
{
	enum { NAME_OFFSET = 6 };
	struct reading r;
	ns_rr rr;
	bool none = false;
	*a = (struct answer_services){0};
	enum answer_status status = begin(&r, bytes, length, name, ns_t_srv);
	if (status != ANSWER_OK)
		return status;
	for (int index = 0; next_record(&r, ns_t_srv, &index, &rr);) {
		struct answer_service s;
		const uint8_t *data = ns_rr_rdata(rr);
		if (!read_data_name(&r, &rr, NAME_OFFSET, s.host)) {
			a->refused++;
			continue;
		}
		s.priority = get16(data);
		s.weight = get16(data + 2);
		s.port = get16(data + 4);
		if (s.host[0] == '\0') {
			none = true;
		} else if (s.port == 0) {
			a->refused++;
		} else {
			note_ttl(&r, &rr);
			add_service(a, &s);
		}
	}
	a->ttl_s = r.ttl_s;
	if (a->count > 0)
		return ANSWER_OK;
	return a->refused > 0 ? ANSWER_ALL_REFUSED : none ? ANSWER_NO_SERVICE : ANSWER_NO_DATA;
}

static void take_record_address(struct answer_addresses *a, const struct in6_addr *address)
{
	for (unsigned i = 0; i < a->count; i++)
		if (memcmp(&a->list[i], address, sizeof(*address)) == 0)
			return;
	if (a->count < ADDRESSES_MAX)
		a->list[a->count++] = *address;
	else
		a->left_out++;
}

/* False: not of its length, or no host's. An IPv4 address in an AAAA record is none. */
static bool read_address(const ns_rr *rr, int family, struct in6_addr *address)
{
	static const struct in6_addr mapped = {.s6_addr = {[10] = 0xff, 0xff}};
	if (ns_rr_rdlen(*rr) != (family == AF_INET ? NS_INADDRSZ : NS_IN6ADDRSZ))
		return false;
	*address = mapped;
	if (family == AF_INET)
		memcpy(&address->s6_addr[12], ns_rr_rdata(*rr), NS_INADDRSZ);
	else
		memcpy(address, ns_rr_rdata(*rr), NS_IN6ADDRSZ);
	return (family == AF_INET || !IN6_IS_ADDR_V4MAPPED(address)) && answer_is_host_address(address);
}

enum answer_status answer_read_addresses(
	struct answer_addresses *a, const uint8_t *bytes, size_t length, const char *name, int family)
{
	struct reading r;
	ns_rr rr;
	int type = family == AF_INET ? ns_t_a : ns_t_aaaa;
	*a = (struct answer_addresses){0};
	enum answer_status status = begin(&r, bytes, length, name, type);
	if (status != ANSWER_OK)
		return status;
	for (int index = 0; next_record(&r, type, &index, &rr);) {
		struct in6_addr address;
		if (!read_address(&rr, family, &address)) {
			a->refused++;
			continue;
		}
		note_ttl(&r, &rr);
		take_record_address(a, &address);
	}
	a->ttl_s = r.ttl_s;
	if (a->count > 0)
		return ANSWER_OK;
	return a->refused > 0 ? ANSWER_ALL_REFUSED : ANSWER_NO_DATA;
}
