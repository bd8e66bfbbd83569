#include "lookup.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

/* The longest time until a host with unknown addresses is asked for again. */
enum { INCOMPLETE_TTL_S = 30 };

static uint8_t answer[NS_MAXMSG];

/* Which family's questions have gone unanswered: there are servers that drop those for IPv6, and each takes
 * the resolver's whole time-out. */
static bool silent4, silent6;

/* What was asked first, of each target. */
static struct answer_addresses found4[TARGETS_MAX];
static enum answer_status status4[TARGETS_MAX];

/* Sets *LENGTH to the answer's; on failure returns what is known of it. The resolver gives up without a word
 * on SERVFAIL and the like, musl only after its time-out: what it last received still lies in the buffer. */
static enum answer_status ask_musl(const char *name, int type, size_t *length)
{
	memset(answer, 0, NS_HFIXEDSZ);
	h_errno = 0;
	int got = res_query(name, ns_c_in, type, answer, sizeof(answer));
	if (got > 0) {
		*length = (size_t)got < sizeof(answer) ? (size_t)got : sizeof(answer);
		return ANSWER_OK;
	}
	if (h_errno == HOST_NOT_FOUND)
		return ANSWER_NO_NAME;
	if (h_errno == NO_DATA)
		return ANSWER_NO_DATA;
	return answer_read_failure(answer, sizeof(answer));
}

static enum answer_status ask_services(struct answer_services *a, const char *name)
{
	size_t length = 0;
	enum answer_status status = ask_musl(name, ns_t_srv, &length);
	*a = (struct answer_services){0};
	return status == ANSWER_OK ? answer_read_services(a, answer, length, name) : status;
}

static enum answer_status ask_addresses(struct answer_addresses *a, const char *name, int family)
{
	size_t length = 0;
	bool *silent = family == AF_INET ? &silent4 : &silent6;
	*a = (struct answer_addresses){0};
	if (*silent)
		return ANSWER_SILENT;
	enum answer_status status = ask_musl(name, family == AF_INET ? ns_t_a : ns_t_aaaa, &length);
	if (status == ANSWER_OK)
		status = answer_read_addresses(a, answer, length, name, family);
	*silent = status == ANSWER_SILENT;
	return status;
}

/* RFC 8305 4: families take turns, IPv6 first. Returns how many did not fit. */
static unsigned merge(
	struct target *t, const struct answer_addresses *ipv6, const struct answer_addresses *ipv4)
{
	unsigned count = 0, total = ipv6->count + ipv4->count;
	for (unsigned turn = 0; turn < ADDRESSES_MAX; turn++) {
		if (turn < ipv6->count && count < ADDRESSES_MAX)
			t->address[count++] = ipv6->list[turn];
		if (turn < ipv4->count && count < ADDRESSES_MAX)
			t->address[count++] = ipv4->list[turn];
	}
	t->address_count = (uint8_t)count;
	return total - count + ipv6->left_out + ipv4->left_out;
}

/* A signal handler may send the packet between any two of these lines. */
static void publish_count(struct packet *p, unsigned count)
{
	atomic_signal_fence(memory_order_seq_cst);
	p->status = ANSWER_OK;
	p->count = count;
	atomic_signal_fence(memory_order_seq_cst);
}

static void publish_target(struct packet *p, unsigned index, const struct target *found)
{
	struct target *t = &p->target[index];
	t->address_count = 0;
	t->incomplete = 1;
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(t->address, found->address, sizeof(t->address));
	t->ttl_s = found->incomplete && found->ttl_s > INCOMPLETE_TTL_S ? INCOMPLETE_TTL_S
									: answer_bound_ttl(found->ttl_s);
	atomic_signal_fence(memory_order_seq_cst);
	t->address_count = found->address_count;
	t->incomplete = found->incomplete;
}

static uint32_t least_ttl(uint32_t ttl, enum answer_status status, const struct answer_addresses *a)
{
	return status == ANSWER_OK && a->ttl_s < ttl ? a->ttl_s : ttl;
}

/* Finds the IPv4 addresses of P's target INDEX, whose own record has TTL.
 *
 * Those in the additional section would save the questions. They are not used: servers leave out what does
 * not fit without saying so (RFC 2181 9), often one family, and it is the part of an answer to be trusted
 * least (RFC 2181 5.4.1). */
static void look_up_ipv4(struct packet *p, unsigned index, uint32_t ttl)
{
	static const struct answer_addresses none;
	struct answer_addresses *ipv4 = &found4[index];
	struct target found = {.incomplete = 1};
	status4[index] = ask_addresses(ipv4, p->target[index].host, AF_INET);
	found.ttl_s = least_ttl(ttl, status4[index], ipv4);
	merge(&found, &none, ipv4);
	publish_target(p, index, &found);
	if (status4[index] == ANSWER_OK && p->count == index)
		publish_count(p, index + 1);
}

/* After look_up_ipv4(). */
static enum answer_status look_up_ipv6(struct packet *p, unsigned index, uint32_t ttl)
{
	const struct answer_addresses *ipv4 = &found4[index];
	struct answer_addresses ipv6 = {0};
	struct target found = {.ttl_s = least_ttl(ttl, status4[index], ipv4)};
	/* Servers that fail would take another time-out for the other family. */
	enum answer_status status6 = status4[index];
	if (answer_is_final(status4[index]))
		status6 = ask_addresses(&ipv6, p->target[index].host, AF_INET6);
	found.ttl_s = least_ttl(found.ttl_s, status6, &ipv6);
	found.incomplete = !answer_is_final(status4[index]) || !answer_is_final(status6);
	p->left_out += merge(&found, &ipv6, ipv4);
	p->refused += ipv4->refused + ipv6.refused;
	publish_target(p, index, &found);
	if (status6 == ANSWER_OK && p->count == index)
		publish_count(p, index + 1);
	if (status4[index] == ANSWER_OK || status6 == ANSWER_OK)
		return ANSWER_OK;
	return !answer_is_final(status4[index]) ? status4[index] : status6;
}

/* The first COUNT targets have been asked for in IPv4. */
static void tell_of_ipv4(const struct packet *p, unsigned count, void (*half_done)(void))
{
	for (unsigned i = 0; i < count; i++) {
		if (p->target[i].address_count == 0)
			continue;
		half_done();
		return;
	}
}

static enum answer_status look_up_service(struct packet *p, const char *name, void (*half_done)(void))
{
	static struct answer_services services;
	enum answer_status status = ask_services(&services, name);
	p->refused += services.refused;
	if (status != ANSWER_OK)
		return status;
	p->left_out += services.left_out;
	for (unsigned i = 0; i < services.count; i++) {
		const struct answer_service *s = &services.list[i];
		p->target[i] = (struct target){.priority = s->priority, .weight = s->weight, .port = s->port};
		strcpy(p->target[i].host, s->host);
		publish_target(p, i, &(struct target){.ttl_s = services.ttl_s, .incomplete = 1});
	}
	publish_count(p, services.count);
	for (unsigned i = 0; i < services.count; i++)
		look_up_ipv4(p, i, services.ttl_s);
	tell_of_ipv4(p, services.count, half_done);
	for (unsigned i = 0; i < services.count; i++)
		look_up_ipv6(p, i, services.ttl_s);
	return ANSWER_OK;
}

static enum answer_status look_up_host(
	struct packet *p, const char *name, uint16_t port, void (*half_done)(void))
{
	size_t length = strlen(name);
	p->target[0] = (struct target){.port = port};
	memcpy(p->target[0].host, name, length + 1);
	if (length > 0 && name[length - 1] == '.')
		p->target[0].host[length - 1] = '\0';
	look_up_ipv4(p, 0, TTL_MAX_S);
	tell_of_ipv4(p, 1, half_done);
	return look_up_ipv6(p, 0, TTL_MAX_S);
}

void lookup(struct packet *p, const struct question *q, void (*half_done)(void))
{
	enum answer_status first = ANSWER_SILENT;
	uint32_t failed = 0;
	*p = (struct packet){.status = ANSWER_SILENT};
	for (unsigned i = 0; i < q->name_count; i++) {
		p->asked = i;
		enum answer_status status = q->service ? look_up_service(p, q->name[i], half_done)
						       : look_up_host(p, q->name[i], q->port, half_done);
		if (status == ANSWER_OK)
			return;
		if (i == 0)
			first = status;
		if (!answer_is_final(status) && p->failure == ANSWER_OK) {
			p->failure = status;
			failed = i;
		}
		/* No server answers: the next name would take another time-out. */
		if (status == ANSWER_SILENT)
			break;
	}
	p->asked = failed;
	p->status = p->failure != ANSWER_OK ? p->failure : first;
}
