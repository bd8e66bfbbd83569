#include "liveness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alive.h"
#include "common/file.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/text.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

enum {
	HUNG_CPU_TICKS = 100, /* a second: no event is so much work */
	STAT_FIELD_STATE = 3,
	STAT_FIELD_UTIME = 14,
	STAT_FIELD_STIME = 15, /* proc_pid_stat(5) */
};

/* All programs of this tree are links to one file, which is the one that runs here. */
static bool is_ours(const char *path)
{
	struct stat own, other;
	return stat("/proc/self/exe", &own) == 0 && stat(path, &other) == 0 && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

void liveness_begin(struct liveness *l, const char *path)
{
	*l = (struct liveness){.fd = -1, .since_ms = now_ms()};
	if (!is_ours(path))
		return;
	l->fd = memfd_create("alive", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	void *page = MAP_FAILED;
	/* Its size is sealed: a page that was cut off would end init by SIGBUS. */
	if (l->fd >= 0 && ftruncate(l->fd, sizeof(*l->page)) == 0 &&
		fcntl(l->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		page = mmap(NULL, sizeof(*l->page), PROT_READ, MAP_SHARED, l->fd, 0);
	if (page != MAP_FAILED) {
		l->page = page;
		return;
	}
	log_warn("%s: no page to see by whether it hangs", path);
	liveness_forked(l);
}

const char *liveness_pass(const struct liveness *l)
{
	static char variable[sizeof(ALIVE_VARIABLE) + 16];
	if (l->fd < 0 || fcntl(l->fd, F_SETFD, 0) < 0)
		return NULL;
	snprintf(variable, sizeof(variable), "%s=%d", ALIVE_VARIABLE, l->fd);
	return variable;
}

void liveness_forked(struct liveness *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void liveness_end(struct liveness *l)
{
	liveness_forked(l);
	if (l->page != NULL)
		munmap(l->page, sizeof(*l->page));
	*l = (struct liveness){.fd = -1};
}

void liveness_set_stopped(struct liveness *l, bool stopped)
{
	l->stopped = stopped;
}

bool liveness_parse_stat(const char *text, char *state, uint64_t *cpu_ticks)
{
	uint64_t number;
	const char *at = strrchr(text, ')'); /* of the name, which may have any characters */
	*cpu_ticks = 0;
	if (at == NULL || at[1] != ' ' || at[2] == '\0')
		return false;
	*state = at[2];
	at++;
	for (int field = STAT_FIELD_STATE; field <= STAT_FIELD_STIME; field++) {
		at += strspn(at, " ");
		size_t length = strcspn(at, " ");
		if (field >= STAT_FIELD_UTIME) {
			if (!parse_number_n(at, length, 0, INT64_MAX, &number))
				return false;
			*cpu_ticks += number;
		}
		at += length;
	}
	return true;
}

static bool read_stat(pid_t pid, char *state, uint64_t *cpu_ticks)
{
	char path[32], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return file_read(path, text, sizeof(text)) > 0 && liveness_parse_stat(text, state, cpu_ticks);
}

unsigned liveness_look(struct liveness *l, pid_t pid)
{
	char state;
	uint32_t turns = l->page == NULL ? 0 : atomic_load_explicit(&l->page->turns, memory_order_relaxed);
	bool moved = turns != l->seen;
	l->seen = turns;
	if (!l->stopped && (l->page == NULL || moved || !alive_works(turns))) {
		l->silent = 0;
		l->since_ms = now_ms();
	} else if (l->silent++ == 0 && !read_stat(pid, &state, &l->cpu_ticks)) {
		l->cpu_ticks = 0;
	}
	return l->silent;
}

bool liveness_is_hung(const struct liveness *l, pid_t pid)
{
	char state;
	uint64_t cpu_ticks;
	if (l->silent < LIVENESS_ENDED_LOOKS)
		return false;
	return l->stopped || !read_stat(pid, &state, &cpu_ticks) || state != 'R' ||
	       cpu_ticks - l->cpu_ticks >= HUNG_CPU_TICKS;
}
