/* The control socket: requests to PID 1, one a packet. common/control.h is the other end. */
#ifndef THIMBLE_CONTROL_SERVER_H
#define THIMBLE_CONTROL_SERVER_H

#include <sys/types.h>

#include "common/control.h"
#include "common/loop.h"

/* Carries REQUEST out, sent by USER; writes the answer. */
typedef void control_handler(const char *request, const char *user, char answer[static CONTROL_MESSAGE_MAX]);

/* Listens at run_dir()/control, where anybody may knock and only root and programs that may_control are
 * heard. 0, or -1 with errno. */
int control_server_start(struct loop *loop, control_handler *handler);

#endif
