/* Hyper-V's key-value pairs, the guest's end: keeps the host's pairs and answers its queries. The messages
 * are those of linux/hyperv.h between the kernel's driver and its daemon (tools/hv/hv_kvp_daemon.c). */
#ifndef THIMBLE_KVP_H
#define THIMBLE_KVP_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>
#include <linux/hyperv.h>

#include "facts.h"

enum {
	KVP_PAIRS_MAX = 48,
	KVP_KEY_MAX = 64,     /* bytes with NUL */
	KVP_VALUE_MAX = 1024, /* as settings may be long */
};

struct kvp_pair {
	char key[KVP_KEY_MAX]; /* without "thimble."; "" for a free place */
	char value[KVP_VALUE_MAX];
};

struct kvp {
	struct facts *facts; /* the caller's */
	char driver_version[32];
	struct kvp_pair pairs[KVP_PAIRS_MAX];
	bool registered; /* the kernel has answered the registration */
};

/* The daemon's first message. */
void kvp_registration(struct hv_kvp_msg *m);

enum kvp_result { KVP_NO_ANSWER, KVP_ANSWER, KVP_ANSWER_CHANGED, KVP_ANSWER_REFUSED };

/* Takes the message in M and makes the answer of it. KVP_ANSWER_CHANGED: one of our pairs has changed.
 * KVP_ANSWER_REFUSED: the pair of ours in M, whose key is a string, is not taken. */
enum kvp_result kvp_handle(struct kvp *k, struct hv_kvp_msg *m);

/* For people: "enumerate". */
const char *kvp_operation_name(unsigned operation);

/* kvp_facts.c: the guest's own values, from the records as they are now. The code of the answer. */

/* Key and value number `index` of the pool that the guest makes up (KVP_POOL_AUTO). */
__u32 kvp_enumerate(struct kvp *k, struct hv_kvp_msg_enumerate *m);

/* The value of KEY of that pool into VALUE. */
__u32 kvp_get_auto(struct kvp *k, const char *key, char value[static HV_KVP_EXCHANGE_MAX_VALUE_SIZE]);

/* Addresses of the NIC whose MAC is in `adapter_id`. */
__u32 kvp_ip_info(struct kvp *k, struct hv_kvp_ipaddr_value *v);

#endif
