/* Hyper-V's pairs: ours are kept, others are taken and forgotten, the host gets what it may know, and no
 * message, however wrong, is taken for more than it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kvp.h"
#include "records.h"

static struct kvp kvp;
static struct facts facts;

static int fresh(void **state)
{
	struct hv_kvp_msg m;
	(void)state;
	memset(&kvp, 0, sizeof(kvp));
	kvp.facts = &facts;
	kvp_registration(&m);
	assert_int_equal(m.kvp_hdr.operation, KVP_OP_REGISTER1);
	strcpy((char *)m.body.kvp_register.version, "3.1");
	assert_int_equal(kvp_handle(&kvp, &m), KVP_NO_ANSWER);
	return 0;
}

static enum kvp_result set_in(unsigned pool, const char *key, const char *value, int *error)
{
	static struct hv_kvp_msg m;
	struct hv_kvp_exchg_msg_value *data = &m.body.kvp_set.data;
	memset(&m, 0, sizeof(m));
	m.kvp_hdr.operation = KVP_OP_SET;
	m.kvp_hdr.pool = (__u8)pool;
	data->value_type = REG_SZ;
	data->key_size = (__u32)strlen(key) + 1;
	data->value_size = (__u32)strlen(value) + 1;
	strcpy((char *)data->key, key);
	strcpy((char *)data->value, value);
	enum kvp_result result = kvp_handle(&kvp, &m);
	*error = m.error;
	return result;
}

static enum kvp_result set(const char *key, const char *value, int *error)
{
	return set_in(KVP_POOL_EXTERNAL, key, value, error);
}

static const char *value_of(const char *key)
{
	for (size_t i = 0; i < KVP_PAIRS_MAX; i++)
		if (strcmp(kvp.pairs[i].key, key) == 0)
			return kvp.pairs[i].value;
	return NULL;
}

static enum kvp_result operate(unsigned operation, unsigned pool, const char *key, int *error)
{
	static struct hv_kvp_msg m;
	memset(&m, 0, sizeof(m));
	m.kvp_hdr.operation = (__u8)operation;
	m.kvp_hdr.pool = (__u8)pool;
	m.body.kvp_delete.key_size = (__u32)strlen(key) + 1;
	strcpy((char *)m.body.kvp_delete.key, key);
	enum kvp_result result = kvp_handle(&kvp, &m);
	*error = m.error;
	return result;
}

/* Such a name would be more than one line of the record, or none: all settings of the host would be lost with
 * it. */
static void names_that_are_no_keys_are_refused(void **state)
{
	static const char *const names[] = {"thimble.relay.allow\n", "thimble.=0", "thimble.a=b",
		"thimble.a b", "thimble.Hostname", "thimble.a\x1b[2J", "thimble.\xc3\xa9"};
	int error;
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(set(names[i], "192.0.2.0/24", &error), KVP_ANSWER_REFUSED);
		assert_int_equal(error, (int)HV_INVALIDARG);
		assert_null(value_of(names[i] + strlen("thimble.")));
	}
	assert_int_equal(set("thimble.relay.idle-timeout-s", "5", &error), KVP_ANSWER_CHANGED);
}

static void pairs_come_change_and_go(void **state)
{
	int error;
	(void)state;
	assert_int_equal(set("thimble.hostname", "a", &error), KVP_ANSWER_CHANGED);
	assert_int_equal(error, HV_S_OK);
	assert_int_equal(set("thimble.hostname", "a", &error), KVP_ANSWER);
	assert_int_equal(set("thimble.hostname", "b", &error), KVP_ANSWER_CHANGED);
	assert_string_equal(value_of("hostname"), "b");
	assert_int_equal(set("thimble.mtu", "", &error), KVP_ANSWER_CHANGED);
	assert_string_equal(value_of("mtu"), "");
	assert_int_equal(
		operate(KVP_OP_DELETE, KVP_POOL_EXTERNAL, "thimble.hostname", &error), KVP_ANSWER_CHANGED);
	assert_int_equal(error, HV_S_OK);
	assert_null(value_of("hostname"));
	assert_int_equal(operate(KVP_OP_DELETE, KVP_POOL_EXTERNAL, "thimble.hostname", &error), KVP_ANSWER);
	assert_int_equal((unsigned)error, HV_S_CONT);
}

static void what_is_not_ours(void **state)
{
	static struct kvp before;
	int error;
	(void)state;
	before = kvp;
	assert_int_equal(set("HostName", "hv1", &error), KVP_ANSWER);
	assert_int_equal(error, HV_S_OK);
	assert_int_equal(set("thimble.", "x", &error), KVP_ANSWER);
	assert_int_equal(set("thimble", "x", &error), KVP_ANSWER);
	assert_int_equal(set_in(KVP_POOL_GUEST, "thimble.hostname", "x", &error), KVP_ANSWER);
	assert_int_equal(operate(KVP_OP_ENUMERATE, KVP_POOL_GUEST, "", &error), KVP_ANSWER);
	assert_int_equal((unsigned)error, HV_S_CONT);
	assert_int_equal(operate(KVP_OP_GET_IP_INFO, 0, "", &error), KVP_ANSWER);
	assert_int_equal((unsigned)error, HV_E_FAIL);
	assert_int_equal(operate(KVP_OP_SET_IP_INFO, 0, "", &error), KVP_ANSWER);
	assert_int_equal((unsigned)error, HV_E_FAIL);
	assert_int_equal(operate(200, 200, "", &error), KVP_ANSWER);
	assert_memory_equal(&kvp, &before, sizeof(kvp));
}

static void as_many_as_there_is_room_for(void **state)
{
	char key[32];
	int error;
	(void)state;
	for (int i = 0; i < KVP_PAIRS_MAX; i++) {
		snprintf(key, sizeof(key), "thimble.k%d", i);
		assert_int_equal(set(key, "x", &error), KVP_ANSWER_CHANGED);
	}
	assert_int_equal(set("thimble.more", "x", &error), KVP_ANSWER_REFUSED);
	assert_int_equal((unsigned)error, HV_INVALIDARG);
	assert_int_equal(set("thimble.k7", "y", &error), KVP_ANSWER_CHANGED);
	assert_int_equal(operate(KVP_OP_DELETE, 0, "thimble.k3", &error), KVP_ANSWER_CHANGED);
	assert_int_equal(set("thimble.more", "x", &error), KVP_ANSWER_CHANGED);
}

/* Sizes that lie, strings without an end, keys and values that are too long: nothing of them is kept, nothing
 * is read behind them. A key without an end is nobody's. */
static void lengths_that_lie(void **state)
{
	const struct {
		__u32 key_size, value_size, type;
		size_t key_fill, value_fill;
		enum kvp_result result;
	} cases[] = {
		{0xffffffff, 2, REG_SZ, 16, 1, KVP_ANSWER},
		{17, 0xffffffff, REG_SZ, 16, 1, KVP_ANSWER_REFUSED},
		{0, 2, REG_SZ, 16, 1, KVP_ANSWER},
		{17, 0, REG_SZ, 16, 1, KVP_ANSWER_REFUSED},
		{16, 2, REG_SZ, 16, 1, KVP_ANSWER},
		{512, 2, REG_SZ, 512, 1, KVP_ANSWER},
		{17, 2048, REG_SZ, 16, 2048, KVP_ANSWER_REFUSED},
		{17, 1025, REG_SZ, 16, 1024, KVP_ANSWER_REFUSED},
		{8 + KVP_KEY_MAX + 1, 2, REG_SZ, 8 + KVP_KEY_MAX, 1, KVP_ANSWER_REFUSED},
		{17, 2, REG_U32, 16, 1, KVP_ANSWER_REFUSED},
		/* The longest that fit. */
		{8 + KVP_KEY_MAX, 2, REG_SZ, 8 + KVP_KEY_MAX - 1, 1, KVP_ANSWER_CHANGED},
		{17, 1024, REG_SZ, 16, 1023, KVP_ANSWER_CHANGED},
	};
	static struct kvp before;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hv_kvp_msg *m = calloc(1, sizeof(*m));
		struct hv_kvp_exchg_msg_value *data = &m->body.kvp_set.data;
		before = kvp;
		m->kvp_hdr.operation = KVP_OP_SET;
		data->key_size = cases[i].key_size;
		data->value_size = cases[i].value_size;
		data->value_type = cases[i].type;
		memset(data->key, 'k', cases[i].key_fill);
		memcpy(data->key, "thimble.", 8);
		memset(data->value, 'v', cases[i].value_fill);
		enum kvp_result result = kvp_handle(&kvp, m);
		if (result != cases[i].result)
			fail_msg("case %zu: %d, not %d", i, (int)result, (int)cases[i].result);
		assert_int_equal(memcmp(&kvp, &before, sizeof(kvp)) != 0, result == KVP_ANSWER_CHANGED);
		assert_int_equal((unsigned)m->error, result == KVP_ANSWER_REFUSED ? HV_INVALIDARG : HV_S_OK);
		free(m);
	}
}

/* Where the driver looks for it: drivers/hv/hv_kvp.c kvp_respond_to_host(). */
static const char *enumerated(__u32 index, const char **key)
{
	static struct hv_kvp_msg m;
	memset(&m, 'x', sizeof(m));
	m.kvp_hdr.operation = KVP_OP_ENUMERATE;
	m.kvp_hdr.pool = KVP_POOL_AUTO;
	m.body.kvp_enum_data.index = index;
	assert_int_equal(kvp_handle(&kvp, &m), KVP_ANSWER);
	if ((unsigned)m.error == HV_S_CONT)
		return NULL;
	assert_int_equal(m.error, HV_S_OK);
	*key = (const char *)m.body.kvp_enum_data.data.key;
	return (const char *)m.body.kvp_enum_data.data.value;
}

static const char *got(unsigned pool, const char *key, unsigned *error)
{
	static struct hv_kvp_msg m;
	memset(&m, 0, sizeof(m));
	m.kvp_hdr.operation = KVP_OP_GET;
	m.kvp_hdr.pool = (__u8)pool;
	m.body.kvp_get.data.key_size = (__u32)strlen(key) + 1;
	strcpy((char *)m.body.kvp_get.data.key, key);
	assert_int_equal(kvp_handle(&kvp, &m), KVP_ANSWER);
	*error = (unsigned)m.error;
	return (const char *)m.body.kvp_enum_data.data.value;
}

static void what_the_host_may_know(void **state)
{
	const struct {
		const char *key, *value;
	} expected[] = {
		{"FullyQualifiedDomainName", NULL},
		{"IntegrationServicesVersion", "3.1"},
		{"NetworkAddressIPv4", "192.0.2.5;198.51.100.7"},
		{"NetworkAddressIPv6", "2001:db8::5;fe80::1"},
		{"OSBuildNumber", NULL},
		{"OSName", "Thimble kms-relay"},
		{"OSMajorVersion", NULL},
		{"OSMinorVersion", NULL},
		{"OSVersion", NULL},
		{"ProcessorArchitecture", NULL},
	};
	const size_t count = sizeof(expected) / sizeof(expected[0]);
	const char *key, *value;
	unsigned error;
	char name[256];
	(void)state;
	write_records();
	for (size_t i = 0; i < count; i++) {
		value = enumerated((__u32)i, &key);
		assert_non_null(value);
		assert_string_equal(key, expected[i].key);
		if (expected[i].value != NULL)
			assert_string_equal(value, expected[i].value);
		assert_true(value[0] != '\0');
		snprintf(name, sizeof(name), "%s", value);
		assert_string_equal(got(KVP_POOL_AUTO, expected[i].key, &error), name);
		assert_int_equal(error, HV_S_OK);
	}
	assert_null(enumerated((__u32)count, &key));
	assert_null(enumerated(UINT32_MAX, &key));
	gethostname(name, sizeof(name));
	strcat(name, ".example.org");
	assert_string_equal(enumerated(0, &key), name);
	got(KVP_POOL_AUTO, "thimble.hostname", &error);
	assert_int_equal(error, HV_S_CONT);
}

static void pairs_of_the_host_can_be_read(void **state)
{
	int code;
	unsigned error;
	(void)state;
	set("thimble.hostname", "relay1", &code);
	assert_string_equal(got(KVP_POOL_EXTERNAL, "thimble.hostname", &error), "relay1");
	assert_int_equal(error, HV_S_OK);
	got(KVP_POOL_EXTERNAL, "thimble.mtu", &error);
	assert_int_equal(error, HV_S_CONT);
	got(KVP_POOL_GUEST, "thimble.hostname", &error);
	assert_int_equal(error, HV_S_CONT);
}

static unsigned ask_ip_info(struct hv_kvp_msg *m, const char *adapter)
{
	memset(m, 'x', sizeof(*m));
	m->kvp_hdr.operation = KVP_OP_GET_IP_INFO;
	m->kvp_hdr.pool = 0;
	strcpy((char *)m->body.kvp_ip_val.adapter_id, adapter);
	assert_int_equal(kvp_handle(&kvp, m), KVP_ANSWER);
	return (unsigned)m->error;
}

static void addresses_of_one_nic(void **state)
{
	static struct hv_kvp_msg m;
	const struct hv_kvp_ipaddr_value *v = &m.body.kvp_ip_val;
	(void)state;
	write_records();
	assert_int_equal(ask_ip_info(&m, "00:15:5D:00:00:01"), HV_S_OK);
	assert_string_equal((const char *)v->ip_addr, "192.0.2.5;2001:db8::5;fe80::1");
	assert_string_equal((const char *)v->sub_net, "255.255.255.0;/64;/64");
	assert_string_equal((const char *)v->gate_way, "192.0.2.1;fe80::2;");
	assert_string_equal((const char *)v->dns_addr, "192.0.2.53;fe80::53;");
	assert_int_equal(v->addr_family, ADDR_FAMILY_IPV4 | ADDR_FAMILY_IPV6);
	assert_int_equal(v->dhcp_enabled, 1);
	assert_int_equal(ask_ip_info(&m, "00155d000002"), HV_S_OK);
	assert_string_equal((const char *)v->ip_addr, "198.51.100.7");
	assert_string_equal((const char *)v->sub_net, "255.255.255.254");
	assert_string_equal((const char *)v->gate_way, "");
	assert_int_equal(v->addr_family, ADDR_FAMILY_IPV4);
	assert_int_equal(v->dhcp_enabled, 0);
	assert_int_equal(ask_ip_info(&m, "00:15:5d:00:00:03"), HV_E_FAIL);
	assert_int_equal(ask_ip_info(&m, ""), HV_E_FAIL);
	assert_int_equal(ask_ip_info(&m, "00:15:5d:00:00:0"), HV_E_FAIL);
}

static size_t items_of(const char *list)
{
	size_t count = list[0] != '\0';
	for (; *list != '\0'; list++)
		count += *list == ';';
	return count;
}

/* Of two NICs: of the pair as many as there is room for, each whole; of one NIC all, and a mask for each. */
static void more_addresses_than_fit(void **state)
{
	static const char long_form[] =
		"address.%d=2001:db8:aaaa:bbbb:cccc:dddd:eeee:f%d%02x/64 slaac forever\n",
			  other_form[] = "address.%d=2001:db8:aaaa:bbbb::%d:%x/64 slaac forever\n";
	enum {
		LONG = sizeof("2001:db8:aaaa:bbbb:cccc:dddd:eeee:f000"),
		OTHER = sizeof("2001:db8:aaaa:bbbb::1:a")
	};
	static struct hv_kvp_msg m;
	static char lines[4096];
	const struct hv_kvp_ipaddr_value *v = &m.body.kvp_ip_val;
	const char *key;
	(void)state;
	for (int nic = 0; nic < 2; nic++) {
		int used = snprintf(lines, sizeof(lines), "mac=00:15:5d:00:00:0%d\n", nic);
		for (int i = 0; i < FACTS_LIST_MAX; i++)
			used += snprintf(lines + used, sizeof(lines) - (size_t)used,
				i == 10 ? other_form : long_form, i + 1, nic + 1, i);
		write_lines("net", nic == 0 ? "eth0" : "eth1", lines);
	}
	/* The driver makes UTF-16 of it and adds two bytes and the end: the other form of the second NIC is
	 * too long by one. */
	size_t room = HV_KVP_EXCHANGE_MAX_VALUE_SIZE / 2 - 3, length = 25 * LONG + OTHER - 1;
	const char *all = enumerated(3, &key);
	assert_string_equal(key, "NetworkAddressIPv6");
	assert_int_equal(length + OTHER, room + 1);
	assert_int_equal(strlen(all), length);
	assert_int_equal(items_of(all), 26);

	assert_int_equal(ask_ip_info(&m, "00:15:5d:00:00:01"), HV_S_OK);
	assert_int_equal(items_of((const char *)v->ip_addr), FACTS_LIST_MAX);
	assert_int_equal(items_of((const char *)v->sub_net), FACTS_LIST_MAX);
	assert_int_equal(strlen((const char *)v->ip_addr), (FACTS_LIST_MAX - 1) * LONG + OTHER - 1);
	assert_int_equal(strlen((const char *)v->sub_net), FACTS_LIST_MAX * strlen("/64;") - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names_that_are_no_keys_are_refused, fresh),
		cmocka_unit_test_setup(pairs_come_change_and_go, fresh),
		cmocka_unit_test_setup(what_is_not_ours, fresh),
		cmocka_unit_test_setup(as_many_as_there_is_room_for, fresh),
		cmocka_unit_test_setup(lengths_that_lie, fresh),
		cmocka_unit_test_setup(what_the_host_may_know, fresh),
		cmocka_unit_test_setup(pairs_of_the_host_can_be_read, fresh),
		cmocka_unit_test_setup(addresses_of_one_nic, fresh),
		cmocka_unit_test_setup(more_addresses_than_fit, fresh),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
