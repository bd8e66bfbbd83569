/* Requests to PID 1: run_dir()/control, a SOCK_SEQPACKET socket; one request and one answer a packet. */
#ifndef THIMBLE_CONTROL_H
#define THIMBLE_CONTROL_H

#include <stddef.h>

#define CONTROL_RESTART_SERVICE "restart-service"
#define CONTROL_POWEROFF        "poweroff"
#define CONTROL_REBOOT          "reboot"
#define CONTROL_READ_SETTINGS   "read-settings" /* the hypervisor's agent has new ones */

enum { CONTROL_MESSAGE_MAX = 128 };

/* Sends REQUEST and waits at most 2 s for the answer: "ok" or "refused: why". 0, ANSWER filled; -1 with
 * errno when init could not be reached. */
int control_request(const char *request, char answer[static CONTROL_MESSAGE_MAX]);

#endif
