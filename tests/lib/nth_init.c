/* Linked into the init of `make check-inside`, which is PID 1 of a namespace below the host's kernel: what
 * would change the host is left out, and the folders are there already. Limits on a user's processes would
 * count those of other runs, and the host's own may be lower. */
#include <stdint.h>
#include <sys/resource.h>

#include "init/become.h"
#include "init/mounts.h"
#include "init/room.h"

void __wrap_mount_step(enum mount_step step);
void __wrap_mount_step(enum mount_step step)
{
	(void)step;
}

void __wrap_apply_sysctl(const char *path);
void __wrap_apply_sysctl(const char *path)
{
	(void)path;
}

void __wrap_close_user_namespaces(void);
void __wrap_close_user_namespaces(void)
{
}

void __wrap_set_tcp_memory(uint64_t available_bytes);
void __wrap_set_tcp_memory(uint64_t available_bytes)
{
	(void)available_bytes;
}

/* Rooms are of files that the image has. */
void __wrap_room_prepare(const struct children *c);
void __wrap_room_prepare(const struct children *c)
{
	(void)c;
}

void __wrap_become_roomed(int report, const struct program *p);
void __wrap_become_roomed(int report, const struct program *p)
{
	(void)report, (void)p;
}

int __wrap_setrlimit(int resource, const struct rlimit *limit);
int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
	(void)resource, (void)limit;
	return 0;
}

void __wrap_become_oom_victim(int report, int score);
void __wrap_become_oom_victim(int report, int score)
{
	(void)report, (void)score;
}

int __wrap_klogctl(int type, char *bytes, int length);
int __wrap_klogctl(int type, char *bytes, int length)
{
	(void)type, (void)bytes, (void)length;
	return 0;
}
