/* VMware's backdoor, its message channel for remote procedure calls (RPCI): the registers of one IN from port
 * 0x5658, as arch/x86/include/asm/vmware.h and drivers/gpu/drm/vmwgfx/vmwgfx_msg.c of Linux have them. */
#ifndef THIMBLE_VMWARE_H
#define THIMBLE_VMWARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vmware_registers {
	uint32_t eax, ebx, ecx, edx, esi, edi;
};

/* What answers: the machine, or a test. */
typedef void vmware_port(struct vmware_registers *r);

/* Asks PORT for guestinfo.KEY into VALUE, NUL-terminated. Its length; -1: not set, does not fit, or no answer
 * of the channel's. */
ssize_t vmware_ask(vmware_port *port, const char *key, char *value, size_t size);

#endif
