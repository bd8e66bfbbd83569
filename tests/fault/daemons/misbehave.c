/* A service that does wrong when it is told to. `misbehave PORT` takes one command a connection:
 *
 *   echo TEXT      answers TEXT
 *   burn COUNT [SECONDS]
 *                  forks so many that turn in a circle, so long or for ever
 *   cat PATH       answers the file
 *   clock SECONDS  turns the clock so far on, or back; as root
 *   count FOLDER   answers how many entries it has
 *   crash          writes to address 0
 *   eat KIND       takes memory until it is refused; answers how many MiB it got. KIND: malloc;
 *                  shared, which is mapped; file, which is not; pipes, sockets, datagrams, which nobody
 *                  reads; flight, which are sockets on their way through another; locked, which may not
 *                  be swapped out; epoll, watches of pipes, of which it answers how many thousand
 *   eat-forked     forks without end, and each child takes memory
 *   reserve MIB    maps so much memory and uses a page of it; answers ok or why not
 *   share MIB      uses so much memory and forks eight times; answers how many children there were
 *   fork           forks, as do its children, without end
 *   list           answers a line "PID UID NAME" for each process it can see
 *   kill PID       sends SIGKILL
 *   hang           answers nothing, and nobody else any more
 *   GET PATH ...   is answered by HTTP, with status 200 or what `status` has set
 *   status NUMBER  see there
 *   remove PATH    removes the file
 *   read PATH      answers the file's bytes, or a line that says why not
 *   fill FOLDER    writes a file there until it is refused; answers how many KiB it got
 *   touch FOLDER   makes empty files there until it is refused; answers how many
 *   clear FOLDER   removes what `fill` and `touch` made there
 *   open CHILDREN SECONDS
 *                  so many children open files until they are refused, and keep them so long; answers
 *                  how many, and why no more
 *   sleep COUNT SECONDS
 *                  forks so many that sleep so long; answers how many there were, and why no more
 *   print BYTES    writes so many to stderr, in lines; answers when that is done
 *   stop PID       sends SIGSTOP
 *   spin PID       lets the process turn in a circle from its next system call on; as root
 *   listen ADDRESS PORT tcp|udp
 *                  listens there as well, until `unlisten`
 *   unlisten       closes all that `listen` has opened
 *
 * `misbehave exit STATUS` ends at once. `misbehave -l` is called as root where it stands in for the shell of
 * a DEBUG=1 image: its port is 7001. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, PIPE_BYTES = 1 << 16, DATAGRAM_BYTES = 1 << 14, ROOT_PORT = 7001 };

static void crash(FILE *client, const char *argument)
{
	(void)client, (void)argument;
	raise(SIGSEGV);
}

static void *take_private(void)
{
	return malloc(MIB);
}

static void *take_shared(void)
{
	void *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return block == MAP_FAILED ? NULL : block;
}

/* A megabyte more in a file that lives as long as the process. */
static void *take_file(void)
{
	static char block[MIB];
	static int fd = -1;
	if (fd < 0)
		fd = memfd_create("eaten", 0);
	return write(fd, block, MIB) == MIB ? block : NULL;
}

static void *take_pipes(void)
{
	static char block[MIB];
	for (size_t taken = 0; taken < MIB; taken += PIPE_BYTES) {
		int ends[2];
		if (pipe2(ends, O_NONBLOCK) < 0 || write(ends[1], block, PIPE_BYTES) < PIPE_BYTES)
			return NULL;
	}
	return block;
}

static void *take_unix(int type, size_t bytes)
{
	static char block[MIB];
	for (size_t taken = 0; taken < MIB;) {
		int ends[2];
		if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) < 0)
			return NULL;
		for (ssize_t sent; (sent = write(ends[0], block, bytes)) > 0;)
			taken += (size_t)sent;
	}
	return block;
}

static void *take_sockets(void)
{
	return take_unix(SOCK_STREAM, PIPE_BYTES);
}

static void *take_datagrams(void)
{
	return take_unix(SOCK_DGRAM, DATAGRAM_BYTES);
}

/* So few descriptors are this process's own. */
static int send_away(const int *ends)
{
	static int carrier[2];
	char byte = 0, control[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct iovec data = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	*head = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(2 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(head), ends, 2 * sizeof(int));
	if (carrier[0] > 0 && sendmsg(carrier[0], &message, 0) >= 0)
		return 0;
	/* The first one, or its queue is full. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, carrier) < 0)
		return -1;
	return sendmsg(carrier[0], &message, 0) < 0 ? -1 : 0;
}

static void *take_in_flight(void)
{
	static char block[MIB];
	for (size_t taken = 0; taken < MIB;) {
		int ends[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
			return NULL;
		for (ssize_t sent; (sent = write(ends[0], block, PIPE_BYTES)) > 0;)
			taken += (size_t)sent;
		int result = send_away(ends);
		close(ends[0]);
		close(ends[1]);
		if (result < 0)
			return NULL;
	}
	return block;
}

static void *take_locked(void)
{
	void *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return block == MAP_FAILED || mlock(block, MIB) < 0 ? NULL : block;
}

/* 1024 watches, of the two ends of 8 pipes in each of 64 sets. */
static void *take_epoll(void)
{
	static char block[MIB];
	static int sets[64];
	for (size_t set = 0; set < 64; set++)
		if (sets[set] == 0 && (sets[set] = epoll_create1(0)) < 0)
			return NULL;
	for (size_t i = 0; i < 16; i += 2) {
		int ends[2];
		if (pipe2(ends, O_NONBLOCK) < 0)
			return NULL;
		for (size_t at = 0; at < 128; at++)
			if (epoll_ctl(sets[at / 2], EPOLL_CTL_ADD, ends[at % 2],
				    &(struct epoll_event){.events = EPOLLIN}) < 0)
				return NULL;
	}
	return block;
}

static void eat(FILE *client, const char *argument)
{
	static const struct {
		const char *name;
		void *(*take)(void); /* a megabyte, or NULL */
	} kinds[] = {
		{"malloc", take_private},
		{"shared", take_shared},
		{"file", take_file},
		{"pipes", take_pipes},
		{"sockets", take_sockets},
		{"datagrams", take_datagrams},
		{"flight", take_in_flight},
		{"locked", take_locked},
		{"epoll", take_epoll},
	};
	unsigned count = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argument, kinds[i].name) == 0)
			for (void *block; (block = kinds[i].take()) != NULL; count++)
				memset(block, 1, MIB);
	fprintf(client, "%u\n", count);
}

static void eat_forked(FILE *client, const char *argument)
{
	(void)client, (void)argument;
	for (;;) {
		void *block = fork() == 0 ? take_private() : NULL;
		if (block != NULL)
			memset(block, 1, MIB);
	}
}

static void reserve(FILE *client, const char *argument)
{
	size_t bytes = (size_t)atoi(argument) * MIB;
	char *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fprintf(client, "%s\n", block == MAP_FAILED ? strerror(errno) : "ok");
	if (block != MAP_FAILED) {
		*block = 1;
		munmap(block, bytes);
	}
}

/* As a server that writes a copy of its memory to a file does it. */
static void share(FILE *client, const char *argument)
{
	size_t bytes = (size_t)atoi(argument) * MIB;
	char *block = malloc(bytes);
	pid_t children[8];
	int count = 0;
	if (block != NULL)
		memset(block, 1, bytes);
	while (block != NULL && count < 8 && (children[count] = fork()) > 0)
		count++;
	if (count < 8 && children[count] == 0)
		for (;;)
			pause();
	fprintf(client, "%d\n", count);
	while (count > 0) {
		kill(children[--count], SIGKILL);
		waitpid(children[count], NULL, 0);
	}
	free(block);
}

static void fork_without_end(FILE *client, const char *argument)
{
	(void)client, (void)argument;
	for (;;)
		fork();
}

static void burn(FILE *client, const char *argument)
{
	unsigned count = 0, seconds = 0;
	sscanf(argument, "%u %u", &count, &seconds);
	signal(SIGCHLD, SIG_IGN);
	for (; count > 0; count--)
		if (fork() == 0) {
			alarm(seconds);
			close(fileno(client));
			for (;;)
				;
		}
	fprintf(client, "ok\n");
}

static void echo(FILE *client, const char *argument)
{
	fprintf(client, "%s\n", argument);
}

static void list_process(FILE *client, const char *pid)
{
	char path[64], line[256], name[64] = "";
	int uid = -1;
	snprintf(path, sizeof(path), "/proc/%.16s/status", pid);
	FILE *status = fopen(path, "r");
	if (status == NULL)
		return;
	while (fgets(line, sizeof(line), status) != NULL) {
		sscanf(line, "Name: %63[^\n]", name);
		sscanf(line, "Uid: %d", &uid);
	}
	fclose(status);
	fprintf(client, "%s %d %s\n", pid, uid, name);
}

static void list(FILE *client, const char *argument)
{
	DIR *processes = opendir("/proc");
	(void)argument;
	for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;)
		if (isdigit((unsigned char)entry->d_name[0]))
			list_process(client, entry->d_name);
	if (processes != NULL)
		closedir(processes);
}

static void kill_process(FILE *client, const char *argument)
{
	fprintf(client, "%s\n", kill(atoi(argument), SIGKILL) == 0 ? "ok" : strerror(errno));
}

static void hang(FILE *client, const char *argument)
{
	(void)client, (void)argument;
	for (;;)
		pause();
}

static int http_status = 200;

static void get(FILE *client, const char *argument)
{
	(void)argument;
	fprintf(client, "HTTP/1.1 %d word\r\n\r\n", http_status);
}

static void set_status(FILE *client, const char *argument)
{
	http_status = atoi(argument);
	fprintf(client, "ok\n");
}

static void read_file(FILE *client, const char *argument)
{
	char bytes[4096];
	FILE *file = fopen(argument, "r");
	if (file == NULL) {
		fprintf(client, "%s: %s\n", argument, strerror(errno));
		return;
	}
	for (size_t length; (length = fread(bytes, 1, sizeof(bytes), file)) > 0;)
		fwrite(bytes, 1, length, client);
	fclose(file);
}

static void stop_process(FILE *client, const char *argument)
{
	fprintf(client, "%s\n", kill(atoi(argument), SIGSTOP) == 0 ? "ok" : strerror(errno));
}

/* Waits until PID is about to make another system call than the one that waits for events. */
static int trace_to_work(pid_t pid)
{
	struct user_regs_struct registers;
	int status;
	do {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid ||
			!WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
			return -1;
	} while (registers.orig_rax == SYS_epoll_wait || registers.orig_rax == SYS_epoll_pwait ||
		 registers.orig_rax == SYS_restart_syscall || (long long)registers.orig_rax < 0);
	/* `jmp .`, behind the system call's instruction */
	long word = ptrace(PTRACE_PEEKTEXT, pid, (void *)registers.rip, NULL);
	return (int)ptrace(PTRACE_POKETEXT, pid, (void *)registers.rip, (void *)((word & ~0xffffL) | 0xfeeb));
}

static void spin_process(FILE *client, const char *argument)
{
	pid_t pid = atoi(argument);
	int status;
	int result = ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid
			     ? trace_to_work(pid)
			     : -1;
	fprintf(client, "%s\n", result == 0 ? "ok" : strerror(errno));
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static void fill(FILE *client, const char *argument)
{
	static const char bytes[1024];
	unsigned count = 0;
	char path[256];
	snprintf(path, sizeof(path), "%s/fill", argument);
	FILE *file = fopen(path, "w");
	while (file != NULL && fwrite(bytes, sizeof(bytes), 1, file) == 1 && fflush(file) == 0)
		count++;
	if (file != NULL)
		fclose(file);
	fprintf(client, "%u\n", count);
}

static void touch(FILE *client, const char *argument)
{
	char path[256];
	unsigned count = 0;
	for (;; count++) {
		snprintf(path, sizeof(path), "%s/touched%u", argument, count);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	fprintf(client, "%u %s\n", count, strerror(errno));
}

static void clear(FILE *client, const char *argument)
{
	DIR *folder = opendir(argument);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		if (strcmp(entry->d_name, "fill") == 0 || strncmp(entry->d_name, "touched", 7) == 0)
			unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder != NULL)
		closedir(folder);
	fprintf(client, "ok\n");
}

/* What a child says of itself before it sleeps. */
struct told {
	unsigned count;
	int error;
};

static void open_files(int tell, unsigned seconds)
{
	struct told told = {0};
	while (open("/", O_RDONLY) >= 0)
		told.count++;
	told.error = errno;
	(void)!write(tell, &told, sizeof(told));
	close(tell);
	sleep(seconds);
	_exit(0);
}

static void open_without_end(FILE *client, const char *argument)
{
	unsigned children = 0, seconds = 0, count = 0;
	struct told told = {0};
	int ends[2];
	sscanf(argument, "%u %u", &children, &seconds);
	signal(SIGCHLD, SIG_IGN);
	for (; children > 0 && pipe(ends) == 0; children--) {
		if (fork() == 0) {
			close(fileno(client));
			open_files(ends[1], seconds);
		}
		close(ends[1]);
		if (read(ends[0], &told, sizeof(told)) == sizeof(told))
			count += told.count;
		close(ends[0]);
	}
	fprintf(client, "%u %s\n", count, strerror(told.error));
}

static void sleep_forked(FILE *client, const char *argument)
{
	unsigned most = 0, seconds = 0, count = 0;
	sscanf(argument, "%u %u", &most, &seconds);
	signal(SIGCHLD, SIG_IGN);
	for (pid_t pid; count < most && (pid = fork()) >= 0; count++)
		if (pid == 0) {
			close(fileno(client));
			sleep(seconds);
			_exit(0);
		}
	fprintf(client, "%u %s\n", count, strerror(errno));
}

static void print(FILE *client, const char *argument)
{
	char line[100];
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (long left = atol(argument); left > 0; left -= (long)sizeof(line))
		(void)!write(STDERR_FILENO, line, sizeof(line));
	fprintf(client, "ok\n");
}

static int others[16];
static size_t other_count;

static void cat(FILE *client, const char *argument)
{
	char bytes[4096];
	size_t got;
	FILE *file = fopen(argument, "r");
	while (file != NULL && (got = fread(bytes, 1, sizeof(bytes), file)) > 0)
		fwrite(bytes, 1, got, client);
	if (file != NULL)
		fclose(file);
}

static void listen_too(FILE *client, const char *argument)
{
	char address[64], protocol[8];
	unsigned port;
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	bool four = strchr(argument, ':') == NULL;
	if (other_count == sizeof(others) / sizeof(others[0]) ||
		sscanf(argument, "%63s %u %7s", address, &port, protocol) != 3 ||
		inet_pton(four ? AF_INET : AF_INET6, address,
			four ? (void *)&in.sin_addr : (void *)&in6.sin6_addr) != 1) {
		fprintf(client, "no\n");
		return;
	}
	in.sin_port = in6.sin6_port = htons((unsigned short)port);
	bool stream = strcmp(protocol, "tcp") == 0;
	int fd = socket(four ? AF_INET : AF_INET6, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 &&
		    bind(fd, four ? (struct sockaddr *)&in : (struct sockaddr *)&in6,
			    four ? sizeof(in) : sizeof(in6)) == 0 &&
		    (!stream || listen(fd, 16) == 0);
	fprintf(client, "%s\n", done ? "ok" : strerror(errno));
	others[other_count++] = fd;
}

static void unlisten(FILE *client, const char *argument)
{
	(void)argument;
	while (other_count > 0)
		close(others[--other_count]);
	fprintf(client, "ok\n");
}

static void turn_clock(FILE *client, const char *argument)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += atol(argument);
	fprintf(client, "%s\n", clock_settime(CLOCK_REALTIME, &now) == 0 ? "ok" : strerror(errno));
}

static void count_entries(FILE *client, const char *argument)
{
	unsigned count = 0;
	DIR *folder = opendir(argument);
	for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	fprintf(client, "%u\n", count);
	if (folder != NULL)
		closedir(folder);
}

static void remove_file(FILE *client, const char *argument)
{
	fprintf(client, "%s\n", unlink(argument) == 0 ? "ok" : strerror(errno));
}

static const struct {
	const char *name;
	void (*run)(FILE *client, const char *argument);
} commands[] = {
	{"burn", burn},
	{"cat", cat},
	{"clear", clear},
	{"clock", turn_clock},
	{"count", count_entries},
	{"crash", crash},
	{"eat", eat},
	{"eat-forked", eat_forked},
	{"echo", echo},
	{"fill", fill},
	{"fork", fork_without_end},
	{"GET", get},
	{"hang", hang},
	{"kill", kill_process},
	{"list", list},
	{"read", read_file},
	{"open", open_without_end},
	{"remove", remove_file},
	{"reserve", reserve},
	{"share", share},
	{"listen", listen_too},
	{"print", print},
	{"sleep", sleep_forked},
	{"spin", spin_process},
	{"status", set_status},
	{"stop", stop_process},
	{"touch", touch},
	{"unlisten", unlisten},
};

static void serve(FILE *client)
{
	char line[256], *argument;
	if (fgets(line, sizeof(line), client) == NULL)
		return;
	line[strcspn(line, "\n")] = '\0';
	argument = line + strcspn(line, " ");
	if (*argument != '\0')
		*argument++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(line, commands[i].name) == 0)
			commands[i].run(client, argument);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	if (argc != 2)
		return 100;
	address.sin6_port = htons(strcmp(argv[1], "-l") == 0 ? ROOT_PORT : (unsigned short)atoi(argv[1]));
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 16) < 0) {
		perror("listen");
		return 111;
	}
	for (;;) {
		FILE *client = fdopen(accept(listener, NULL, NULL), "r+");
		if (client != NULL) {
			serve(client);
			fclose(client);
		}
	}
}
