/* A Hyper-V host and the kernel's driver for its pairs, around the image's own agent: this is /bin/agent in a
 * test's guest, and starts the real one, whose device is a socket. Takes one command a connection on port
 * 7001:
 *
 *   set KEY VALUE    the host writes a pair; answers the code of the agent's answer
 *   delete KEY       the same
 *   children         answers a line "NAME PID STARTS" for each child of init
 */
#include <linux/types.h>

#include <linux/hyperv.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/record.h"

enum { PORT = 7001, CHILDREN_MAX = 32 };

static int device = -1; /* our end */

static int start_agent(void)
{
	static struct hv_kvp_msg m;
	char number[16];
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		return -1;
	pid_t agent = fork();
	if (agent == 0) {
		close(ends[0]);
		snprintf(number, sizeof(number), "%d", ends[1]);
		execl("/init", "agent", "hyper-v", number, (char *)NULL); /* all programs are that file */
		_exit(127);
	}
	close(ends[1]);
	device = ends[0];
	/* It registers, and the driver answers. */
	return agent > 0 && read(device, &m, sizeof(m)) == sizeof(m) &&
			       write(device, &m, sizeof(m)) == sizeof(m)
		       ? 0
		       : -1;
}

static __u32 put(__u8 *field, size_t room, const char *text)
{
	return (__u32)snprintf((char *)field, room, "%s", text) + 1;
}

static void ask_agent(FILE *client, struct hv_kvp_msg *m)
{
	if (write(device, m, sizeof(*m)) != sizeof(*m) || read(device, m, sizeof(*m)) != sizeof(*m))
		exit(111);
	fprintf(client, "%#x\n", (unsigned)m->error);
}

static void set(FILE *client, const char *key, const char *value)
{
	static struct hv_kvp_msg m;
	struct hv_kvp_exchg_msg_value *data = &m.body.kvp_set.data;
	memset(&m, 0, sizeof(m));
	m.kvp_hdr.operation = KVP_OP_SET;
	m.kvp_hdr.pool = KVP_POOL_EXTERNAL;
	data->value_type = REG_SZ;
	data->key_size = put(data->key, sizeof(data->key), key);
	data->value_size = put(data->value, sizeof(data->value), value);
	ask_agent(client, &m);
}

static void delete_key(FILE *client, const char *key)
{
	static struct hv_kvp_msg m;
	memset(&m, 0, sizeof(m));
	m.kvp_hdr.operation = KVP_OP_DELETE;
	m.kvp_hdr.pool = KVP_POOL_EXTERNAL;
	m.body.kvp_delete.key_size = put(m.body.kvp_delete.key, sizeof(m.body.kvp_delete.key), key);
	ask_agent(client, &m);
}

static void list_children(FILE *client)
{
	static char names[CHILDREN_MAX][RECORD_NAME_MAX];
	static struct record_view v;
	size_t count = record_list("init", names, CHILDREN_MAX);
	for (size_t i = 0; i < count && i < CHILDREN_MAX; i++) {
		if (record_read(&v, "init", names[i]) < 0 || record_get(&v, "starts") == NULL)
			continue;
		fprintf(client, "%s %lld %s\n", record_get(&v, "name"), record_get_number(&v, "pid", 0),
			record_get(&v, "starts"));
	}
}

static void serve(FILE *client)
{
	char line[1024], *word[3] = {"", "", ""}, *at = line;
	if (fgets(line, sizeof(line), client) == NULL)
		return;
	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < 3 && at != NULL; i++) {
		word[i] = at;
		at = i < 2 ? strchr(at, ' ') : NULL;
		if (at != NULL)
			*at++ = '\0';
	}
	if (strcmp(word[0], "set") == 0)
		set(client, word[1], word[2]);
	else if (strcmp(word[0], "delete") == 0)
		delete_key(client, word[1]);
	else if (strcmp(word[0], "children") == 0)
		list_children(client);
}

int main(void)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (start_agent() < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 16) < 0) {
		perror("hyperv");
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
