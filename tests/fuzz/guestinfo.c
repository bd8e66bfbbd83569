/* A host behind VMware's backdoor that answers anything: it is asked in the order of the protocol, its
 * channel is closed whatever happened, and the value is what it sent or none.
 *
 * The first byte of an input is the room for the value; then come the host's answers: a byte with the status,
 * and in what a step brings (a channel, a size, a word) up to four more. */
#include "fuzz.h"
#include "init/vmware.h"

enum { OPEN, SEND_SIZE, SEND_PAYLOAD, RECEIVE_SIZE, RECEIVE_PAYLOAD, RECEIVE_STATUS, CLOSE };

static const char request[] = "info-get guestinfo.thimble.config";

static struct {
	const uint8_t *data;
	size_t size;
	unsigned last;     /* the step before */
	bool failed, open; /* no step but CLOSE may follow; a channel is open */
	uint32_t channel, cookie[2];
	size_t sent_bytes, told_bytes, got_bytes;
	char sent[64], got[512]; /* the request; the answer's payload */
} host;

static void check_order(unsigned type)
{
	const bool request_done = host.sent_bytes >= strlen(request),
		   all_got = host.got_bytes >= host.told_bytes;
	const bool follows[] = {
		[OPEN] = !host.open && host.last == CLOSE,
		[SEND_SIZE] = host.last == OPEN,
		[SEND_PAYLOAD] = (host.last == SEND_SIZE || host.last == SEND_PAYLOAD) && !request_done,
		[RECEIVE_SIZE] = host.last == SEND_PAYLOAD && request_done,
		[RECEIVE_PAYLOAD] = (host.last == RECEIVE_SIZE || host.last == RECEIVE_PAYLOAD) && !all_got,
		[RECEIVE_STATUS] = (host.last == RECEIVE_SIZE || host.last == RECEIVE_PAYLOAD) && all_got,
		[CLOSE] = host.open,
	};
	must(type <= CLOSE && follows[type] && (type == CLOSE || !host.failed));
}

static void take_backdoor_word(struct vmware_registers *r)
{
	take_bytes(&host.data, &host.size, &r->ebx, sizeof(r->ebx));
	must(host.got_bytes + sizeof(r->ebx) <= sizeof(host.got));
	memcpy(host.got + host.got_bytes, &r->ebx, sizeof(r->ebx));
	host.got_bytes += sizeof(r->ebx);
}

static void host_port(struct vmware_registers *r)
{
	unsigned type = r->ecx >> 16;
	uint8_t status = take_byte(&host.data, &host.size);
	must(r->eax == 0x564d5868 && (r->ecx & 0xffff) == 30 && (r->edx & 0xffff) == 0x5658);
	check_order(type);
	if (type != OPEN)
		must(r->edx >> 16 == host.channel && r->esi == host.cookie[0] && r->edi == host.cookie[1]);
	if (type == SEND_SIZE)
		must(r->ebx == strlen(request));
	if (type == SEND_PAYLOAD) {
		must(host.sent_bytes + sizeof(r->ebx) <= sizeof(host.sent));
		memcpy(host.sent + host.sent_bytes, &r->ebx, sizeof(r->ebx));
		host.sent_bytes += sizeof(r->ebx);
	}
	if (type == RECEIVE_SIZE) {
		take_bytes(&host.data, &host.size, &r->ebx, status & 4 ? 4 : 1);
		host.told_bytes = status & 4 ? r->ebx : r->ebx & 0xff;
		r->ebx = (uint32_t)host.told_bytes;
	}
	if (type == RECEIVE_PAYLOAD)
		take_backdoor_word(r);
	if (type == OPEN) {
		host.channel = take_byte(&host.data, &host.size);
		host.cookie[0] = host.cookie[1] = take_byte(&host.data, &host.size) * 0x01010101u;
		*r = (struct vmware_registers){
			.edx = host.channel << 16, .esi = host.cookie[0], .edi = host.cookie[1]};
	}
	host.failed = !(status & 1);
	host.open = type == OPEN ? !host.failed : type != CLOSE;
	host.last = type;
	r->ecx = (uint32_t)status << 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = take_byte(&data, &size) + 1u;
	char *value = copy_of("", 0, false);
	value = realloc(value, room);
	must(value != NULL);
	memset(&host, 0, sizeof(host));
	host.data = data;
	host.size = size;
	host.last = CLOSE;
	ssize_t length = vmware_ask(host_port, "thimble.config", value, room);
	must(!host.open);
	if (length >= 0) {
		must((size_t)length < room && value[length] == '\0');
		must(strcmp(host.sent, request) == 0 && host.told_bytes == (size_t)length + 2);
		must(memcmp(host.got, "1 ", 2) == 0 && memcmp(host.got + 2, value, (size_t)length) == 0);
	}
	free(value);
	return 0;
}
