/*   architecture, number -> a tree of comparisons over the numbers at which the verdict changes -> verdicts
 *
 * A tree, because the kernel runs a filter for every call that there is when it is set, to keep those that it
 * always allows in a bitmap (kernel/seccomp.c, seccomp_cache_prepare): later calls cost no filter. */
#include "calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64 /* x32 has it too; its numbers are above all of ours */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* All that clone() and unshare() know (clone(2)). 0x80 is CLONE_NEWTIME of unshare() and a signal's bit here.
 */
#define NAMESPACES                                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
		CLONE_NEWNET)

enum verdict { REFUSED, ALLOWED, SOCKET, CLONE, PERSONALITY, MISSING };
enum { FAMILIES = 64 };

struct builder {
	struct sock_filter *code;
	size_t count; /* above CALLS_FILTER_MAX: too long */
	const struct calls *calls;
	enum calls_otherwise otherwise;
	uint32_t refusal;
};

static const struct {
	const char *name;
	struct calls calls;
} lists[] = {
#define CALLS(name, families, ...) {#name, {families, {__VA_ARGS__}}},
#include <calls_lists.h>
#undef CALLS
};

const struct calls *calls_find(const char *name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].name, name) == 0)
			return &lists[i].calls;
	return NULL;
}

static enum verdict judge(const struct builder *b, unsigned number)
{
	if (!calls_allow(b->calls, number))
		return number == SYS_clone3 && b->otherwise == CALLS_EPERM ? MISSING : REFUSED;
	switch (number) {
	case SYS_socket:
		return SOCKET;
	case SYS_clone:
		return CLONE;
	case SYS_personality:
		return PERSONALITY;
	default:
		return ALLOWED;
	}
}

static void emit(struct builder *b, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	if (b->count < CALLS_FILTER_MAX)
		b->code[b->count] = (struct sock_filter){code, if_true, if_false, k};
	b->count++;
}

static void emit_load(struct builder *b, size_t offset)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct builder *b, uint32_t action)
{
	emit(b, BPF_RET | BPF_K, action, 0, 0);
}

/* The lower half of the first argument, which is an int or what matters of a long. */
static void emit_load_argument(struct builder *b)
{
	emit_load(b, offsetof(struct seccomp_data, args[0]));
}

static void emit_if_equal(struct builder *b, uint32_t value)
{
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	emit_return(b, SECCOMP_RET_ALLOW);
}

static void emit_socket(struct builder *b)
{
	uint64_t families = b->calls->families, all_others = ~UINT64_C(0);
	/* The shorter of both: those that are allowed, those that are not. */
	bool but = families >> (FAMILIES - 1) != 0;
	emit_load_argument(b);
	for (uint32_t family = 0; family < FAMILIES; family++) {
		if (((families ^ (but ? all_others : 0)) >> family & 1) == 0)
			continue;
		emit(b, BPF_JMP | BPF_JEQ | BPF_K, family, 0, 1);
		emit_return(b, but ? b->refusal : SECCOMP_RET_ALLOW);
	}
	emit_return(b, but ? SECCOMP_RET_ALLOW : b->refusal);
}

/* What is asked, and what only old programs want. */
static void emit_personality(struct builder *b)
{
	emit_load_argument(b);
	emit_if_equal(b, PER_LINUX);
	emit_if_equal(b, PER_LINUX32);
	emit_if_equal(b, UNAME26);
	emit_if_equal(b, UNAME26 | PER_LINUX32);
	emit_if_equal(b, 0xffffffff);
	emit_return(b, b->refusal);
}

static void emit_verdict(struct builder *b, enum verdict verdict)
{
	switch (verdict) {
	case ALLOWED:
		emit_return(b, SECCOMP_RET_ALLOW);
		break;
	case SOCKET:
		emit_socket(b);
		break;
	case CLONE:
		emit_load_argument(b);
		emit(b, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 1, 0);
		emit_return(b, SECCOMP_RET_ALLOW);
		emit_return(b, b->refusal);
		break;
	case PERSONALITY:
		emit_personality(b);
		break;
	case MISSING:
		emit_return(b, SECCOMP_RET_ERRNO | ENOSYS);
		break;
	case REFUSED:
		emit_return(b, b->refusal);
		break;
	}
}

/* BEGINS: the numbers at which a verdict begins, COUNT of them. The number in question is at least the first.
 */
static void emit_tree(struct builder *b, const uint16_t *begins, size_t count)
{
	size_t half = count / 2, at;
	if (count == 1) {
		emit_verdict(b, judge(b, begins[0]));
		return;
	}
	/* Below: the half that follows. Else a jump over it, which goes further than that of a comparison. */
	emit(b, BPF_JMP | BPF_JGE | BPF_K, begins[half], 0, 1);
	at = b->count;
	emit(b, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_tree(b, begins, half);
	if (at < CALLS_FILTER_MAX)
		b->code[at].k = (uint32_t)(b->count - at - 1);
	emit_tree(b, begins + half, count - half);
}

size_t calls_build(struct sock_filter code[static CALLS_FILTER_MAX], const struct calls *c,
	enum calls_otherwise otherwise)
{
	static uint16_t begins[CALLS_MAX + 1];
	size_t count = 0;
	struct builder b = {.code = code,
		.calls = c,
		.otherwise = otherwise,
		.refusal = otherwise == CALLS_EPERM ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS};
	for (unsigned number = 0; number <= CALLS_MAX; number++)
		if (number == 0 || judge(&b, number) != judge(&b, number - 1))
			begins[count++] = (uint16_t)number;
	emit_load(&b, offsetof(struct seccomp_data, arch));
	emit(&b, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	emit_return(&b, b.refusal);
	emit_load(&b, offsetof(struct seccomp_data, nr));
	emit_tree(&b, begins, count);
	return b.count <= CALLS_FILTER_MAX ? b.count : 0;
}

int calls_limit(const struct calls *c, enum calls_otherwise otherwise)
{
	static struct sock_filter code[CALLS_FILTER_MAX];
	struct sock_fprog program = {.filter = code, .len = (unsigned short)calls_build(code, c, otherwise)};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
