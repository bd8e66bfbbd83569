/* What a process that init has forked tells it, through the pipe of its start. */
#ifndef THIMBLE_INIT_REPORT_H
#define THIMBLE_INIT_REPORT_H

enum report_kind {
	REPORT_FAILED,  /* `value` is errno, `step` what failed; the program does not run */
	REPORT_STARTED, /* of a box: its service runs. Other programs say so by the pipe's end, which exec
			   closes */
	REPORT_HEALTH,  /* of a box: `value` is an enum health */
	REPORT_STOPPED, /* of a box: `value` is 1 when a signal has stopped the service, 0 when it goes on */
	REPORT_ENDED,   /* of a box: the service has ended; `value` is its wait status */
};

/* Less than a pipe writes at once. */
struct report {
	enum report_kind kind;
	int value;
	long peak_kb;  /* REPORT_ENDED: the most memory that it used at once */
	char step[48]; /* NUL-terminated */
};

/* Sends R to the pipe FD. */
void report_send(int fd, const struct report *r);

/* Sends REPORT_FAILED with errno and STEP, and ends the process. */
_Noreturn void report_failure(int fd, const char *step);

#endif
