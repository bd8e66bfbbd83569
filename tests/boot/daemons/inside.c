/* A service that tells what it finds: `inside --listen :PORT [ANYTHING...]` answers each connection with
 * lines NAME=VALUE and closes it. Its arguments are arg.0, arg.1 and so on; the bytes of each are in
 * hexadecimal digits. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell_arguments(FILE *client, char **argv)
{
	for (int i = 0; argv[i] != NULL; i++) {
		fprintf(client, "arg.%d=", i);
		for (const char *c = argv[i]; *c != '\0'; c++)
			fprintf(client, "%02x", (unsigned char)*c);
		fprintf(client, "\n");
	}
}

static void tell_mode(FILE *client, const char *path)
{
	struct stat s;
	if (stat(path, &s) == 0)
		fprintf(client, "mode.%s=%o %d\n", path, (unsigned)s.st_mode & 07777, (int)s.st_uid);
}

/* Whether a file can be made at PATH. */
static const char *writable(const char *folder)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/inside", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	const char *result = fd >= 0 && write(fd, "x", 1) == 1 ? "yes" : strerror(errno);
	if (fd >= 0)
		close(fd);
	return result;
}

/* call.NAME=WHY for calls that no service may make, or that it may where it is said so. */
static void tell_calls(FILE *client)
{
	static const struct {
		const char *name;
		long number, arguments[4];
	} calls[] = {
		{"mount", SYS_mount, {(long)"x", (long)"/tmp", (long)"tmpfs", 0}},
		{"unshare", SYS_unshare, {CLONE_NEWUSER}},
		{"ptrace", SYS_ptrace, {PTRACE_ATTACH, 1}},
		{"keyctl", SYS_keyctl, {0}},
		{"bpf", SYS_bpf, {0}},
		{"perf_event_open", SYS_perf_event_open, {0}},
		{"io_uring_setup", SYS_io_uring_setup, {1}},
		{"clone3", SYS_clone3, {0}},
		{"memfd", SYS_memfd_create, {(long)"x", 0x10 /* MFD_EXEC */}},
	};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const long *a = calls[i].arguments;
		long result = syscall(calls[i].number, a[0], a[1], a[2], a[3], 0);
		fprintf(client, "call.%s=%s\n", calls[i].name, result < 0 ? strerror(errno) : "works");
	}
}

static void tell(FILE *client, char **argv)
{
	const char *home = getenv("HOME");
	char executable[256] = "";
	if (readlink("/proc/self/exe", executable, sizeof(executable) - 1) < 0)
		perror("/proc/self/exe");
	tell_arguments(client, argv);
	fprintf(client, "exe=%s\nhome=%s\npath=%s\nuid=%d\n", executable, home, getenv("PATH"),
		(int)getuid());
	fprintf(client, "writable./=%s\nwritable.home=%s\nwritable./tmp=%s\n", writable("/"), writable(home),
		writable("/tmp"));
	tell_mode(client, "/");
	tell_mode(client, home);
	tell_calls(client);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
	if (argc < 3 || strcmp(argv[1], "--listen") != 0 || argv[2][0] != ':')
		return 100;
	address.sin6_port = htons((unsigned short)atoi(argv[2] + 1));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 16) < 0) {
		perror("listen");
		return 111;
	}
	for (;;) {
		FILE *client = fdopen(accept(listener, NULL, NULL), "w");
		if (client != NULL) {
			tell(client, argv);
			fclose(client);
		}
	}
}
