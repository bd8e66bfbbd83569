#include "kvp.h"

#include <string.h>

#define PREFIX "thimble."

void kvp_registration(struct hv_kvp_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->kvp_hdr.operation = KVP_OP_REGISTER1;
}

/* Bytes of TEXT, which takes up SIZE with its NUL, in at most MAX; -1 when it does not. */
static int text_length(const __u8 *text, __u32 size, size_t max)
{
	if (size > max)
		return -1;
	const __u8 *nul = memchr(text, '\0', size);
	return nul == NULL ? -1 : (int)(nul - text);
}

/* The name of a setting, or NULL: no key of ours. */
static const char *our_key(const __u8 *key, __u32 size)
{
	const size_t skip = sizeof(PREFIX) - 1;
	int length = text_length(key, size, HV_KVP_EXCHANGE_MAX_KEY_SIZE);
	if (length <= (int)skip || memcmp(key, PREFIX, skip) != 0)
		return NULL;
	return (const char *)key + skip;
}

/* As keys of settings are written. Anything else would not be one line of a record. */
static bool is_key(const char *key)
{
	return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

static struct kvp_pair *find(struct kvp *k, const char *key)
{
	for (size_t i = 0; i < KVP_PAIRS_MAX; i++)
		if (strcmp(k->pairs[i].key, key) == 0)
			return &k->pairs[i];
	return NULL;
}

/* A foreign pair is accepted and dropped: other programs of the host write pairs too. */
static enum kvp_result set(struct kvp *k, struct hv_kvp_msg *m)
{
	const struct hv_kvp_exchg_msg_value *data = &m->body.kvp_set.data;
	const char *key = our_key(data->key, data->key_size);
	int length = text_length(data->value, data->value_size, HV_KVP_EXCHANGE_MAX_VALUE_SIZE);
	if (key == NULL) {
		m->error = HV_S_OK;
		return KVP_ANSWER;
	}
	bool good = strlen(key) < KVP_KEY_MAX && is_key(key) && data->value_type == REG_SZ && length >= 0 &&
		    length < KVP_VALUE_MAX;
	struct kvp_pair *pair = good ? find(k, key) : NULL;
	if (pair == NULL && good)
		pair = find(k, ""); /* a free place */
	if (pair == NULL) {
		m->error = (int)HV_INVALIDARG;
		return KVP_ANSWER_REFUSED;
	}
	bool same = strcmp(pair->key, key) == 0 && strcmp(pair->value, (const char *)data->value) == 0;
	strcpy(pair->key, key);
	memcpy(pair->value, data->value, (size_t)length + 1);
	m->error = HV_S_OK;
	return same ? KVP_ANSWER : KVP_ANSWER_CHANGED;
}

static enum kvp_result delete_pair(struct kvp *k, struct hv_kvp_msg *m)
{
	const char *key = our_key(m->body.kvp_delete.key, m->body.kvp_delete.key_size);
	struct kvp_pair *pair = key != NULL ? find(k, key) : NULL;
	m->error = pair != NULL ? HV_S_OK : (int)HV_S_CONT;
	if (pair == NULL)
		return KVP_ANSWER;
	pair->key[0] = '\0';
	return KVP_ANSWER_CHANGED;
}

/* In the pool of the guest's own, or among what the host has written. */
static __u32 get(struct kvp *k, struct hv_kvp_msg *m)
{
	/* The driver takes the value from where an enumeration has it, four bytes further on
	 * (drivers/hv/hv_kvp.c, kvp_respond_to_host()). */
	char *value = (char *)m->body.kvp_enum_data.data.value;
	char key[HV_KVP_EXCHANGE_MAX_KEY_SIZE];
	const struct hv_kvp_exchg_msg_value *data = &m->body.kvp_get.data;
	const char *ours = our_key(data->key, data->key_size);
	const struct kvp_pair *pair = ours != NULL ? find(k, ours) : NULL;
	unsigned pool = m->kvp_hdr.pool;
	if (text_length(data->key, data->key_size, sizeof(key)) < 0)
		return HV_INVALIDARG;
	strcpy(key, (const char *)data->key);
	value[0] = '\0';
	if (pool == KVP_POOL_AUTO)
		return kvp_get_auto(k, key, value);
	if (pool != KVP_POOL_EXTERNAL || pair == NULL)
		return HV_S_CONT;
	strcpy(value, pair->value);
	return HV_S_OK;
}

static __u32 answer(struct kvp *k, struct hv_kvp_msg *m)
{
	unsigned operation = m->kvp_hdr.operation, pool = m->kvp_hdr.pool;
	if (operation == KVP_OP_GET)
		return get(k, m);
	if (operation == KVP_OP_ENUMERATE && pool == KVP_POOL_AUTO)
		return kvp_enumerate(k, &m->body.kvp_enum_data);
	if (operation == KVP_OP_GET_IP_INFO)
		return kvp_ip_info(k, &m->body.kvp_ip_val);
	/* Addresses are set by settings, which the host can write as pairs. */
	if (operation == KVP_OP_SET_IP_INFO)
		return HV_E_FAIL;
	return HV_S_CONT; /* there is no such key, or no more of them */
}

static void take_registration(struct kvp *k, const struct hv_kvp_msg *m)
{
	const __u8 *version = m->body.kvp_register.version;
	size_t length = strnlen((const char *)version, sizeof(k->driver_version) - 1);
	memcpy(k->driver_version, version, length);
	k->driver_version[length] = '\0';
}

enum kvp_result kvp_handle(struct kvp *k, struct hv_kvp_msg *m)
{
	unsigned operation = m->kvp_hdr.operation;
	bool from_host = m->kvp_hdr.pool == KVP_POOL_EXTERNAL;
	if (!k->registered) {
		k->registered = true;
		if (operation == KVP_OP_REGISTER1) {
			take_registration(k, m);
			return KVP_NO_ANSWER;
		}
	}
	if (operation == KVP_OP_SET && from_host)
		return set(k, m);
	if (operation == KVP_OP_DELETE && from_host)
		return delete_pair(k, m);
	m->error = (int)answer(k, m);
	return KVP_ANSWER;
}

const char *kvp_operation_name(unsigned operation)
{
	static const char *const names[] = {
		[KVP_OP_GET] = "get",
		[KVP_OP_SET] = "set",
		[KVP_OP_DELETE] = "delete",
		[KVP_OP_ENUMERATE] = "enumerate",
		[KVP_OP_GET_IP_INFO] = "get-ip-info",
		[KVP_OP_SET_IP_INFO] = "set-ip-info",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == KVP_OP_COUNT, "one name an operation");
	return operation < KVP_OP_COUNT ? names[operation] : "unknown";
}
