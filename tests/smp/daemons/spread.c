/* A service with a thread on each processor: `spread PORT` answers each connection with one line for each,
 * the processor that it was to run on and the one that it did run on. All threads compute at the same time
 * meanwhile: each waits, without sleeping, until all have counted as far as it has. */
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS_MAX = 64, ROUNDS = 100 };

static long processors;
static atomic_long arrived;

struct place {
	int wanted, got;
};

static void *run(void *argument)
{
	struct place *place = argument;
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(place->wanted, &one);
	place->got = sched_setaffinity(0, sizeof(one), &one) < 0 ? -1 : sched_getcpu();
	for (long round = 1; round <= ROUNDS; round++) {
		atomic_fetch_add(&arrived, 1);
		while (atomic_load(&arrived) < round * processors)
			if (place->got < 0)
				sched_yield();
	}
	return NULL;
}

static void answer(FILE *client)
{
	static struct place place[THREADS_MAX];
	pthread_t thread[THREADS_MAX];
	long started = 0;
	atomic_store(&arrived, 0);
	for (; started < processors; started++) {
		place[started] = (struct place){.wanted = (int)started, .got = -1};
		if (pthread_create(&thread[started], NULL, run, &place[started]) != 0)
			exit(111);
	}
	for (long i = 0; i < started; i++) {
		pthread_join(thread[i], NULL);
		fprintf(client, "%d %d\n", place[i].wanted, place[i].got);
	}
	fclose(client);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (argc != 2 || processors < 1 || processors > THREADS_MAX)
		return 100;
	address.sin6_port = htons((unsigned short)atoi(argv[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 16) < 0) {
		perror("listen");
		return 111;
	}
	for (;;) {
		FILE *client = fdopen(accept(listener, NULL, NULL), "w");
		if (client != NULL)
			answer(client);
	}
}
