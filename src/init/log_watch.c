#include "log_watch.h"

#include <poll.h>
#include <unistd.h>

#include "children.h"
#include "common/log.h"

static struct child *find_log(struct children *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->child[i].program.reads_outputs)
			return &c->child[i];
	return NULL;
}

/* Not FIONREAD: that waits for whoever is in a read or write of the pipe. */
static bool own_waits(const struct children *c)
{
	struct pollfd own = {.fd = c->own_output[0], .events = POLLIN};
	return poll(&own, 1, 0) > 0;
}

static bool others_wait(const struct children *c)
{
	struct pollfd outputs[CHILDREN_MAX + 1];
	for (size_t i = 0; i < c->count; i++)
		outputs[i] = (struct pollfd){.fd = c->child[i].output_read, .events = POLLIN};
	outputs[c->count] = (struct pollfd){.fd = c->log_socket, .events = POLLIN};
	return poll(outputs, c->count + 1, 0) > 0;
}

/* The pipe of somebody who writes without end is never empty, whether it is read or not. So init looks at its
 * own, and when that is empty while another is not, puts an empty line into it, of which the log makes
 * nothing. */
void log_watch(struct children *c)
{
	static int looks;
	struct child *log = find_log(c);
	if (!own_waits(c)) {
		looks = 0;
		if (others_wait(c))
			(void)!write(c->own_output[1], "\n", 1);
		return;
	}
	looks = log != NULL && log->state == CHILD_RUNNING ? looks + 1 : 0;
	if (looks < LOG_PATIENCE_LOOKS)
		return;
	looks = 0;
	log_warnx("%s: has read nothing for %d s; restarting it", log->program.name, LOG_PATIENCE_LOOKS);
	child_stop(c, log, true);
}
