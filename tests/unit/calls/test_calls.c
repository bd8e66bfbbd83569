/* The filter of a list of system calls lets those calls through and no others: by an interpreter of its own
 * for each number, and set in processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

#define X32 0x40000000

static const char *const programs[] = {
	"agent", "clock", "console", "dhcpcd", "link", "log", "net", "relay", "resolver", "web"};
enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]), EPERM_ACTION = SECCOMP_RET_ERRNO | EPERM };

static struct sock_filter code[CALLS_FILTER_MAX];
static size_t length;

/* What the filter makes of D; as the kernel's own interpreter. */
static uint32_t run(const struct seccomp_data *d)
{
	uint32_t a = 0;
	for (size_t pc = 0; pc < length; pc++) {
		const struct sock_filter *i = &code[pc];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k < sizeof(*d));
			memcpy(&a, (const char *)d + i->k, sizeof(a));
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += (a & i->k) != 0 ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %zu has code %#x", pc, i->code);
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

static uint32_t ask(uint32_t number, uint64_t first)
{
	return run(&(struct seccomp_data){
		.nr = (int)number, .arch = AUDIT_ARCH_X86_64, .args = {first, ~UINT64_C(0)}});
}

static void build(const struct calls *c, enum calls_otherwise otherwise)
{
	assert_non_null(c);
	length = calls_build(code, c, otherwise);
	assert_in_range(length, 1, CALLS_FILTER_MAX);
}

static void each_number(const struct calls *c, uint32_t refusal)
{
	for (uint32_t number = 0; number < 2 * CALLS_MAX; number++) {
		/* Arguments that are let through wherever the call is: AF_INET, no namespace, PER_LINUX. */
		uint64_t first = number == SYS_socket ? AF_INET : 0;
		bool allowed =
			calls_allow(c, number) && (number != SYS_socket || (c->families >> AF_INET & 1) != 0);
		uint32_t expected = allowed ? SECCOMP_RET_ALLOW : refusal;
		if (number == SYS_clone3 && !allowed && refusal == EPERM_ACTION)
			expected = SECCOMP_RET_ERRNO | ENOSYS;
		if (ask(number, first) != expected)
			fail_msg("call %u: expected %#x, got %#x", number, expected, ask(number, first));
		assert_int_equal(ask(number | X32, first), refusal);
	}
	assert_int_equal(ask(UINT32_MAX, 0), refusal);
}

static void every_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROGRAMS; i++) {
		const struct calls *c = calls_find(programs[i]);
		build(c, CALLS_END);
		each_number(c, SECCOMP_RET_KILL_PROCESS);
	}
	build(calls_find("service"), CALLS_EPERM);
	each_number(calls_find("service"), EPERM_ACTION);
	assert_null(calls_find("shell"));
	assert_null(calls_find("each"));
}

/* The most and the least that a description can ask for. */
static void odd_lists(void **state)
{
	(void)state;
	static struct calls every_second, all, none;
	memset(every_second.allowed, 0x55, sizeof(every_second.allowed));
	memset(all.allowed, 0xff, sizeof(all.allowed));
	all.families = every_second.families = UINT64_MAX;
	const struct calls *const lists[] = {&every_second, &all, &none};
	for (size_t i = 0; i < 3; i++) {
		build(lists[i], CALLS_EPERM);
		each_number(lists[i], EPERM_ACTION);
	}
}

static void other_architectures(void **state)
{
	(void)state;
	static const uint32_t others[] = {AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0};
	build(calls_find("service"), CALLS_EPERM);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
			run(&(struct seccomp_data){.nr = SYS_read, .arch = others[i]}), EPERM_ACTION);
	build(calls_find("web"), CALLS_END);
	assert_int_equal(run(&(struct seccomp_data){.nr = SYS_read, .arch = AUDIT_ARCH_I386}),
		SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask(SYS_read, 0), SECCOMP_RET_ALLOW);
}

static void families(void **state)
{
	(void)state;
	struct calls some = *calls_find("web");
	some.families = 1 << AF_INET | 1 << AF_INET6 | 1 << AF_NETLINK;
	build(&some, CALLS_END);
	for (uint32_t family = 0; family < 128; family++) {
		bool allowed = family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
		assert_int_equal(
			ask(SYS_socket, family), allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
	}
	/* The kernel takes an int. */
	assert_int_equal(ask(SYS_socket, UINT64_C(7) << 32 | AF_INET6), SECCOMP_RET_ALLOW);
	build(calls_find("service"), CALLS_EPERM);
	for (uint32_t family = 0; family < 128; family++)
		assert_int_equal(ask(SYS_socket, family),
			family == AF_ALG || family == AF_VSOCK ? EPERM_ACTION : SECCOMP_RET_ALLOW);
}

static void clone_and_personality(void **state)
{
	(void)state;
	static const uint32_t kinds[] = {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};
	static const uint32_t harmless[] = {
		PER_LINUX, PER_LINUX32, UNAME26, UNAME26 | PER_LINUX32, UINT32_MAX};
	build(calls_find("service"), CALLS_EPERM);
	assert_int_equal(ask(SYS_clone, SIGCHLD), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(SYS_clone, CLONE_VM | CLONE_FILES | CLONE_THREAD | CLONE_SIGHAND | 0xff),
		SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		assert_int_equal(ask(SYS_clone, kinds[i] | SIGCHLD), EPERM_ACTION);
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		assert_int_equal(ask(SYS_personality, harmless[i]), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(SYS_personality, ADDR_NO_RANDOMIZE), EPERM_ACTION);
	assert_int_equal(ask(SYS_personality, READ_IMPLIES_EXEC), EPERM_ACTION);
}

/* The status of a process that has limited itself to LIST and then made the call. */
static int status_of(const char *list, enum calls_otherwise otherwise, long number, long first)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		if (calls_limit(calls_find(list), otherwise) < 0)
			_exit(100);
		/* Not _exit(), in which the sanitizer looks for leaks. */
		syscall(SYS_exit_group, syscall(number, first, 0, 0, 0, 0) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_ends(const char *list, long number, long first)
{
	int status = status_of(list, CALLS_END, number, first);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void assert_gives(const char *list, enum calls_otherwise otherwise, long number, long first, int error)
{
	int status = status_of(list, otherwise, number, first);
	if (!WIFEXITED(status))
		fail_msg("%s, call %ld: ended by signal %d", list, number, WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), error);
}

static void in_processes(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROGRAMS; i++) {
		assert_ends(programs[i], SYS_ptrace, PTRACE_TRACEME);
		assert_ends(programs[i], SYS_mount, 0);
		assert_ends(programs[i], SYS_memfd_create, 0);
		assert_ends(programs[i], SYS_getpid | X32, 0);
		assert_gives(programs[i], CALLS_END, SYS_sched_yield, 0, 0);
	}
	assert_ends("web", SYS_execve, 0);
	assert_ends("web", SYS_socket, AF_UNIX);
	assert_gives("web", CALLS_END, SYS_socket, AF_NETLINK, ESOCKTNOSUPPORT);
	assert_gives("service", CALLS_EPERM, SYS_mount, 0, EPERM);
	assert_gives("service", CALLS_EPERM, SYS_clone3, 0, ENOSYS);
	assert_gives("service", CALLS_EPERM, SYS_execve, 0, EFAULT);
	assert_gives("service", CALLS_EPERM, SYS_getuid | X32, 0, EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list),
		cmocka_unit_test(odd_lists),
		cmocka_unit_test(other_architectures),
		cmocka_unit_test(families),
		cmocka_unit_test(clone_and_personality),
		cmocka_unit_test(in_processes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
