/* A service that does wrong when it is told to. `misbehave PORT` takes one command a connection:
 *
 *   echo TEXT      answers TEXT
 *   crash          writes to address 0
 *   eat            takes memory with malloc until it is refused; answers how many MiB it got
 *   eat-shared     the same with shared memory, which RLIMIT_DATA does not count
 *   fork           forks, as do its children, without end
 *   list           answers a line "PID UID NAME" for each process it can see
 *   kill PID       sends SIGKILL
 *   read PATH      answers the file's bytes, or a line that says why not
 *
 * `misbehave exit STATUS` ends at once. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

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

static void eat_all(FILE *client, void *take(void))
{
	unsigned count = 0;
	for (void *block; (block = take()) != NULL; count++)
		memset(block, 1, MIB);
	fprintf(client, "%u\n", count);
}

static void eat(FILE *client, const char *argument)
{
	(void)argument;
	eat_all(client, take_private);
}

static void eat_shared(FILE *client, const char *argument)
{
	(void)argument;
	eat_all(client, take_shared);
}

static void fork_without_end(FILE *client, const char *argument)
{
	(void)client, (void)argument;
	for (;;)
		fork();
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

static const struct {
	const char *name;
	void (*run)(FILE *client, const char *argument);
} commands[] = {
	{"crash", crash},
	{"eat", eat},
	{"eat-shared", eat_shared},
	{"echo", echo},
	{"fork", fork_without_end},
	{"kill", kill_process},
	{"list", list},
	{"read", read_file},
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
	address.sin6_port = htons((unsigned short)atoi(argv[1]));
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
