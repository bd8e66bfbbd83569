/* DNS messages built by hand: well-formed ones, and ones that no server would send. */
#ifndef THIMBLE_TEST_MESSAGE_H
#define THIMBLE_TEST_MESSAGE_H

#include <arpa/nameser.h>
#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { MESSAGE_MAX = NS_MAXMSG, NO_LENGTH = -1 };

struct message {
	size_t used;
	uint8_t bytes[MESSAGE_MAX];
};

static struct message m;

static inline void add_bytes(const void *bytes, size_t length)
{
	assert(m.used + length <= sizeof(m.bytes));
	memcpy(m.bytes + m.used, bytes, length);
	m.used += length;
}

static inline void add8(unsigned value)
{
	uint8_t byte = (uint8_t)value;
	add_bytes(&byte, 1);
}

static inline void add16(unsigned value)
{
	add8(value >> 8);
	add8(value & 0xff);
}

static inline void add32(uint32_t value)
{
	add16(value >> 16);
	add16(value & 0xffff);
}

static inline void set16(size_t at, unsigned value)
{
	m.bytes[at] = (uint8_t)(value >> 8);
	m.bytes[at + 1] = (uint8_t)value;
}

static inline void add_label(const void *bytes, size_t length)
{
	add8((unsigned)length);
	add_bytes(bytes, length);
}

/* "a.b.example", or "" for the root; uncompressed. */
static inline void add_name(const char *name)
{
	while (*name != '\0') {
		size_t length = strcspn(name, ".");
		add_label(name, length);
		name += length + (name[length] == '.');
	}
	add8(0);
}

/* A response with RCODE to the question for NAME and TYPE, no answers yet. */
static inline void begin_message(const char *name, int type, unsigned rcode)
{
	m.used = 0;
	add16(0x1234);
	add16(0x8180 | rcode);
	add16(1);
	add16(0);
	add16(0);
	add16(0);
	add_name(name);
	add16((unsigned)type);
	add16(ns_c_in);
}

static inline void count_answer(void)
{
	set16(6, (unsigned)(m.bytes[6] << 8 | m.bytes[7]) + 1);
}

/* Everything of a record up to its data; returns where its length stands, for end_record. */
static inline size_t begin_record(const char *owner, int type, int class, uint32_t ttl)
{
	count_answer();
	add_name(owner);
	add16((unsigned)type);
	add16((unsigned)class);
	add32(ttl);
	add16(0);
	return m.used - 2;
}

static inline void end_record(size_t at)
{
	set16(at, (unsigned)(m.used - at - 2));
}

static inline void add_cname(const char *owner, const char *target, uint32_t ttl)
{
	size_t at = begin_record(owner, ns_t_cname, ns_c_in, ttl);
	add_name(target);
	end_record(at);
}

static inline size_t begin_srv(
	const char *owner, uint32_t ttl, unsigned priority, unsigned weight, unsigned port)
{
	size_t at = begin_record(owner, ns_t_srv, ns_c_in, ttl);
	add16(priority);
	add16(weight);
	add16(port);
	return at;
}

static inline void add_srv(const char *owner, uint32_t ttl, unsigned priority, unsigned weight, unsigned port,
	const char *target)
{
	size_t at = begin_srv(owner, ttl, priority, weight, port);
	add_name(target);
	end_record(at);
}

static inline void add_address(const char *owner, int type, uint32_t ttl, const void *bytes, size_t length)
{
	size_t at = begin_record(owner, type, ns_c_in, ttl);
	add_bytes(bytes, length);
	end_record(at);
}

#endif
