#include "common/vmware.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <string.h>

enum {
	MAGIC = 0x564d5868,
	PORT = 0x5658,
	COMMAND_MESSAGE = 30,
	PROTOCOL_RPCI = 0x49435052,
};

#define FLAG_COOKIE UINT32_C(0x80000000)

enum message_type { OPEN, SEND_SIZE, SEND_PAYLOAD, RECEIVE_SIZE, RECEIVE_PAYLOAD, RECEIVE_STATUS, CLOSE };
enum { STATUS_SUCCESS = 1, STATUS_TO_RECEIVE = 2 };

struct channel {
	vmware_port *port;
	uint32_t number; /* in the upper half, as edx has it */
	uint32_t cookie_high, cookie_low;
};

/* One step; what comes back is in R. The status. */
static uint32_t step(
	const struct channel *c, enum message_type type, uint32_t value, struct vmware_registers *r)
{
	*r = (struct vmware_registers){.eax = MAGIC,
		.ebx = value,
		.ecx = (uint32_t)type << 16 | COMMAND_MESSAGE,
		.edx = c->number | PORT,
		.esi = c->cookie_high,
		.edi = c->cookie_low};
	c->port(r);
	return r->ecx >> 16;
}

static bool open_channel(struct channel *c, vmware_port *port)
{
	struct vmware_registers r;
	*c = (struct channel){.port = port};
	if (!(step(c, OPEN, PROTOCOL_RPCI | FLAG_COOKIE, &r) & STATUS_SUCCESS))
		return false;
	c->number = r.edx & 0xffff0000u;
	c->cookie_high = r.esi;
	c->cookie_low = r.edi;
	return true;
}

static bool vmware_command(const struct channel *c, const char *request, size_t length)
{
	struct vmware_registers r;
	if (!(step(c, SEND_SIZE, (uint32_t)length, &r) & STATUS_SUCCESS))
		return false;
	for (size_t at = 0; at < length; at += 4) {
		uint32_t word = 0;
		memcpy(&word, request + at, length - at < 4 ? length - at : 4);
		if (!(step(c, SEND_PAYLOAD, word, &r) & STATUS_SUCCESS))
			return false;
	}
	return true;
}

/* The whole answer, NUL-terminated; -1 when it does not fit or breaks off. */
static ssize_t receive_answer(const struct channel *c, char *answer, size_t size)
{
	struct vmware_registers r;
	uint32_t status = step(c, RECEIVE_SIZE, 0, &r);
	size_t length = r.ebx;
	if (!(status & STATUS_SUCCESS) || !(status & STATUS_TO_RECEIVE) || length >= size)
		return -1;
	for (size_t at = 0; at < length; at += 4) {
		if (!(step(c, RECEIVE_PAYLOAD, STATUS_SUCCESS, &r) & STATUS_SUCCESS))
			return -1;
		memcpy(answer + at, &r.ebx, length - at < 4 ? length - at : 4);
	}
	answer[length] = '\0';
	return step(c, RECEIVE_STATUS, STATUS_SUCCESS, &r) & STATUS_SUCCESS ? (ssize_t)length : -1;
}

ssize_t vmware_call(vmware_port *port, const char *request, size_t length, char *answer, size_t size)
{
	struct channel c;
	struct vmware_registers r;
	ssize_t got = -1;
	if (!open_channel(&c, port))
		return -1;
	if (vmware_command(&c, request, length))
		got = receive_answer(&c, answer, size);
	step(&c, CLOSE, 0, &r);
	return got;
}

#ifdef __x86_64__
void vmware_machine_port(struct vmware_registers *r)
{
	__asm__ volatile("inl %%dx, %%eax"
			 : "+a"(r->eax), "+b"(r->ebx), "+c"(r->ecx), "+d"(r->edx), "+S"(r->esi),
			 "+D"(r->edi)::"memory", "cc");
}

bool vmware_here(void)
{
	static const char signature[] = "VMwareVMware";
	unsigned eax, ebx, ecx, edx, name[3];
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & 1u << 31))
		return false;
	__cpuid(0x40000000, eax, name[0], name[1], name[2]);
	return memcmp(name, signature, sizeof(name)) == 0;
}
#else
void vmware_machine_port(struct vmware_registers *r)
{
	r->ecx = 0;
}

bool vmware_here(void)
{
	return false;
}
#endif
