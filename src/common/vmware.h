/* VMware's backdoor, its message channel for remote procedure calls (RPCI): the registers of one IN from port
 * 0x5658, as arch/x86/include/asm/vmware.h and drivers/gpu/drm/vmwgfx/vmwgfx_msg.c of Linux have them. */
#ifndef THIMBLE_VMWARE_H
#define THIMBLE_VMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vmware_registers {
	uint32_t eax, ebx, ecx, edx, esi, edi;
};

/* What answers: the machine, or a test. */
typedef void vmware_port(struct vmware_registers *r);

/* Whether this is VMware's, by the hypervisor's leaf of CPUID: the port of another machine may be anything.
 */
bool vmware_here(void);

/* The machine's own. Where the backdoor is restricted it ends the process by SIGSEGV. */
void vmware_machine_port(struct vmware_registers *r);

/* Sends LENGTH bytes and puts what comes back, NUL-terminated, into ANSWER: "1 VALUE", or "0 WHY NOT". Its
 * length; -1: it does not fit, or the channel breaks off. */
ssize_t vmware_call(vmware_port *port, const char *request, size_t length, char *answer, size_t size);

#endif
