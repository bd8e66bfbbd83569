#include "exit_words.h"

#include <signal.h>
#include <sys/wait.h>

#include "log.h"

enum { BACKGROUND_MS = 1000 };

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

void exit_explain(const char *name, int status, int64_t lived_ms)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || lived_ms >= BACKGROUND_MS)
		return;
	log_warnx("%s: ended with status 0 in its first second: it may have gone to the background, "
		  "where it is ended too. Keep it in the foreground by service.args, often -f, -F, -n, -D "
		  "or --foreground",
		name);
}
