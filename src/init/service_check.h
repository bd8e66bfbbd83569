/* The setting `service-check`: PID 1 asks the service whether it is well, shows the answer, and starts a
 * service anew that fails. What an image's own health check says is shown alone (box_health.h): that somebody
 * asks for the restarts is the difference. */
#ifndef THIMBLE_INIT_SERVICE_CHECK_H
#define THIMBLE_INIT_SERVICE_CHECK_H

#include <sys/types.h>

#include "common/config.h"
#include "common/loop.h"
#include "records/child.h"

enum {
	SERVICE_CHECK_INTERVAL_MS = 3000,
	SERVICE_CHECK_TIMEOUT_MS = 2000,
	SERVICE_CHECK_START_MS = 120000, /* failures before the first success do not count for so long */
	SERVICE_CHECK_FAILURES = 3,      /* in a row: then it is started anew */
};

/* Begins as CONFIG has it, for the service NAME, which has started. TELL gets each change; FAILED, once, why
 * the service must be ended. False when the setting is off. */
bool service_check_begin(struct loop *loop, const struct config *config, const char *name,
	void (*tell)(enum health), void (*failed)(const char *why));

/* The service does not run any more. */
void service_check_end(void);

/* Whether the process PID, which has ended with STATUS, was a check. */
bool service_check_reap(pid_t pid, int status);

#endif
