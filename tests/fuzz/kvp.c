/* Messages of Hyper-V's kernel driver, whatever stands in them and in the records: the pairs are those of a
 * simpler list by the same rule, and the answer says whether they changed; what the host gets are strings
 * that end within their fields, of printable ASCII.
 *
 * An input is messages: operation, pool and type, a byte each; the sizes of key and value, two bytes each,
 * 0xffff for the largest number; key and value, each with the number of its bytes before it. Operation 200 is
 * none: key and value are the record of a NIC from then on. */
#include "agent/kvp.h"
#include "fuzz.h"

enum { OPERATION_RECORD = 200 };

static struct facts facts;
static char nic[512]; /* its record */
static size_t nic_bytes;

/* The records, as the linker puts them here. */
int __wrap_record_read(struct record_view *v, const char *writer, const char *name);
int __wrap_record_read(struct record_view *v, const char *writer, const char *name)
{
	static const char others[] =
		"appliance=kms-relay\nsearch.1=example.org dhcp4 eth0 1\nserver.1=fe80::1%eth0 ra eth0 1\n";
	bool is_nic = strcmp(writer, "net") == 0 && strncmp(name, "eth", 3) == 0;
	return is_nic ? record_parse(v, nic, nic_bytes) : record_parse(v, others, sizeof(others) - 1);
}

size_t __wrap_record_list(const char *writer, char names[][RECORD_NAME_MAX], size_t max);
size_t __wrap_record_list(const char *writer, char names[][RECORD_NAME_MAX], size_t max)
{
	(void)writer;
	for (size_t i = 0; i < max; i++)
		snprintf(names[i], RECORD_NAME_MAX, "eth%zu", i);
	return max;
}

static struct kvp_pair list[KVP_PAIRS_MAX]; /* those in use come first */
static size_t list_count;

static __u32 take_size(const uint8_t **data, size_t *size)
{
	uint16_t value;
	take_bytes(data, size, &value, sizeof(value));
	return value == UINT16_MAX ? UINT32_MAX : value;
}

/* LENGTH bytes of TEXT in a field of ROOM bytes, which is to take up SIZE. */
static void fill(__u8 *field, size_t room, __u32 size, const uint8_t *text, size_t length, bool terminated)
{
	memcpy(field, text, length);
	if (terminated && size > 0 && size <= room)
		field[size - 1] = '\0';
}

/* The type's upper half: 0, and zeros lie behind key and value; else letters, and with an even one the last
 * byte that key and value say they have is a NUL. */
static void take_message(const uint8_t **data, size_t *size, struct hv_kvp_msg *m)
{
	uint8_t operation = take_byte(data, size), pool = take_byte(data, size), type = take_byte(data, size);
	__u32 key_size = take_size(data, size), value_size = take_size(data, size);
	uint8_t key[256], value[256], key_length = take_byte(data, size);
	take_bytes(data, size, key, key_length);
	uint8_t value_length = take_byte(data, size);
	take_bytes(data, size, value, value_length);
	unsigned behind = type >> 4;
	bool terminated = behind != 0 && behind % 2 == 0;
	if (operation == OPERATION_RECORD) {
		memcpy(nic, key, key_length);
		memcpy(nic + key_length, value, value_length);
		nic_bytes = (size_t)key_length + value_length;
	}
	memset(m, behind == 0 ? 0 : 'x', sizeof(*m));
	m->kvp_hdr.operation = operation;
	m->kvp_hdr.pool = pool;
	if (operation == KVP_OP_DELETE) {
		m->body.kvp_delete.key_size = key_size;
		fill(m->body.kvp_delete.key, sizeof(m->body.kvp_delete.key), key_size, key, key_length,
			terminated);
		return;
	}
	if (operation == KVP_OP_GET_IP_INFO) {
		memcpy(m->body.kvp_ip_val.adapter_id, key, key_length);
		return;
	}
	/* Of an enumeration its type is the index. */
	struct hv_kvp_exchg_msg_value *v = &m->body.kvp_set.data;
	v->value_type = type & 15;
	v->key_size = key_size;
	v->value_size = value_size;
	fill(v->key, sizeof(v->key), key_size, key, key_length, terminated);
	fill(v->value, sizeof(v->value), value_size, value, value_length, terminated);
}

/* A string that ends within SIZE of ROOM bytes, and its length is less than MAX. */
static bool is_string(const __u8 *bytes, __u32 size, size_t room, size_t max)
{
	return size <= room && strnlen((const char *)bytes, size) < size && strlen((const char *)bytes) < max;
}

static bool is_ours(const __u8 *key, __u32 size)
{
	const size_t skip = strlen("thimble.");
	return is_string(key, size, HV_KVP_EXCHANGE_MAX_KEY_SIZE, HV_KVP_EXCHANGE_MAX_KEY_SIZE) &&
	       strncmp((const char *)key, "thimble.", skip) == 0 && key[skip] != '\0';
}

static size_t place_of(const char *key)
{
	size_t i = 0;
	while (i < list_count && strcmp(list[i].key, key) != 0)
		i++;
	return i;
}

static enum kvp_result apply_delete(const struct hv_kvp_msg *m)
{
	const char *key = (const char *)m->body.kvp_delete.key + strlen("thimble.");
	if (!is_ours(m->body.kvp_delete.key, m->body.kvp_delete.key_size) || place_of(key) == list_count)
		return KVP_ANSWER;
	list[place_of(key)] = list[list_count - 1];
	list_count--;
	return KVP_ANSWER_CHANGED;
}

static bool is_name(const char *key)
{
	size_t length = strlen(key);
	for (size_t i = 0; i < length; i++)
		if (!(key[i] >= 'a' && key[i] <= 'z') && !(key[i] >= '0' && key[i] <= '9') && key[i] != '.' &&
			key[i] != '-')
			return false;
	return length < KVP_KEY_MAX;
}

static enum kvp_result apply_set(const struct hv_kvp_exchg_msg_value *v)
{
	const char *key = (const char *)v->key + strlen("thimble.");
	if (!is_ours(v->key, v->key_size))
		return KVP_ANSWER;
	size_t at = place_of(key);
	if (!is_name(key) || v->value_type != REG_SZ || at == KVP_PAIRS_MAX ||
		!is_string(v->value, v->value_size, HV_KVP_EXCHANGE_MAX_VALUE_SIZE, KVP_VALUE_MAX))
		return KVP_ANSWER_REFUSED;
	if (at < list_count && strcmp(list[at].value, (const char *)v->value) == 0)
		return KVP_ANSWER;
	list_count += at == list_count;
	strcpy(list[at].key, key);
	strcpy(list[at].value, (const char *)v->value);
	return KVP_ANSWER_CHANGED;
}

static enum kvp_result apply(const struct hv_kvp_msg *m)
{
	unsigned operation = m->kvp_hdr.operation;
	if (m->kvp_hdr.pool == KVP_POOL_EXTERNAL && operation == KVP_OP_SET)
		return apply_set(&m->body.kvp_set.data);
	return m->kvp_hdr.pool == KVP_POOL_EXTERNAL && operation == KVP_OP_DELETE ? apply_delete(m)
										  : KVP_ANSWER;
}

static void check_pairs(const struct kvp *k)
{
	size_t count = 0;
	for (size_t i = 0; i < KVP_PAIRS_MAX; i++) {
		const struct kvp_pair *p = &k->pairs[i];
		if (p->key[0] == '\0')
			continue;
		count++;
		must(memchr(p->key, '\0', sizeof(p->key)) != NULL &&
			memchr(p->value, '\0', sizeof(p->value)) != NULL);
		must(place_of(p->key) < list_count && strcmp(list[place_of(p->key)].value, p->value) == 0);
	}
	must(count == list_count);
}

static void check_string(const void *field, size_t units)
{
	must(memchr(field, '\0', units) != NULL && is_printable(field));
}

static size_t semicolons(const void *string)
{
	size_t count = 0;
	for (const char *s = string; (s = strchr(s, ';')) != NULL; s++)
		count++;
	return count;
}

/* OPERATION and POOL are what was asked: the answer's code has taken their place. */
static void check_answer(const struct hv_kvp_msg *m, unsigned operation, unsigned pool)
{
	const struct hv_kvp_ipaddr_value *v = &m->body.kvp_ip_val;
	unsigned error = (unsigned)m->error;
	must(error == HV_S_OK || error == HV_S_CONT || error == HV_E_FAIL || error == HV_INVALIDARG);
	if (error == HV_S_OK && operation == KVP_OP_ENUMERATE) {
		check_string(m->body.kvp_enum_data.data.key, HV_KVP_EXCHANGE_MAX_KEY_SIZE / 2);
		check_string(m->body.kvp_enum_data.data.value, HV_KVP_EXCHANGE_MAX_VALUE_SIZE / 2);
	}
	if (error == HV_S_OK && operation == KVP_OP_GET && pool == KVP_POOL_AUTO)
		check_string(m->body.kvp_enum_data.data.value, HV_KVP_EXCHANGE_MAX_VALUE_SIZE / 2);
	if (error == HV_S_OK && operation == KVP_OP_GET_IP_INFO) {
		check_string(v->ip_addr, MAX_IP_ADDR_SIZE);
		check_string(v->sub_net, MAX_IP_ADDR_SIZE);
		check_string(v->gate_way, MAX_GATEWAY_SIZE);
		check_string(v->dns_addr, MAX_IP_ADDR_SIZE);
		must(semicolons(v->ip_addr) == semicolons(v->sub_net));
	}
	must(operation != KVP_OP_SET_IP_INFO || error == HV_E_FAIL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kvp k;
	struct hv_kvp_msg *m = malloc(sizeof(*m)); /* of its own, so that reading behind it is seen */
	must(m != NULL);
	memset(&k, 0, sizeof(k));
	k.facts = &facts;
	k.registered = true;
	nic_bytes = 0;
	list_count = 0;
	while (size > 0) {
		take_message(&data, &size, m);
		unsigned operation = m->kvp_hdr.operation, pool = m->kvp_hdr.pool;
		enum kvp_result expected = apply(m), result = kvp_handle(&k, m);
		must(result == expected);
		must(result != KVP_ANSWER_CHANGED || m->error == HV_S_OK);
		must((result == KVP_ANSWER_REFUSED) ==
			((unsigned)m->error == HV_INVALIDARG && operation == KVP_OP_SET));
		check_answer(m, operation, pool);
		check_pairs(&k);
	}
	free(m);
	return 0;
}
