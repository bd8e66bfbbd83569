#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"

void report_send(int fd, const struct report *r)
{
	(void)!write(fd, r, sizeof(*r));
}

_Noreturn void report_failure(int fd, const char *step)
{
	struct report failure = {.kind = REPORT_FAILED, .value = errno};
	snprintf(failure.step, sizeof(failure.step), "%s", step);
	report_send(fd, &failure);
	_exit(EXIT_SYSTEM);
}
