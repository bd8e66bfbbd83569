#include <signal.h>
#include <sys/wait.h>

#include "init.h"

/* Names by signal(7); musl's strsignal has sentences instead. */
static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",
	[SIGINT] = "SIGINT",
	[SIGQUIT] = "SIGQUIT",
	[SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP",
	[SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",
	[SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL",
	[SIGUSR1] = "SIGUSR1",
	[SIGSEGV] = "SIGSEGV",
	[SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",
	[SIGALRM] = "SIGALRM",
	[SIGTERM] = "SIGTERM",
	[SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ",
	[SIGSYS] = "SIGSYS",
};

void text_add_exit(struct text *t, int status)
{
	if (WIFEXITED(status)) {
		text_add(t, "exit status %d", WEXITSTATUS(status));
		return;
	}
	size_t number = WIFSIGNALED(status) ? (size_t)WTERMSIG(status) : 0;
	if (number < sizeof(signal_names) / sizeof(signal_names[0]) && signal_names[number] != NULL)
		text_add(t, "killed by %s", signal_names[number]);
	else
		text_add(t, "killed by signal %zu", number);
}
