/* Hyper-V's key-value pairs, the guest's end: what the host writes, kept and answered. The messages are those
 * of linux/hyperv.h between the kernel's driver and its daemon. */
#ifndef THIMBLE_KVP_H
#define THIMBLE_KVP_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>
#include <linux/hyperv.h>

enum {
	KVP_PAIRS_MAX = 48,
	KVP_KEY_MAX = 64,     /* bytes with NUL; longer keys are none of ours */
	KVP_VALUE_MAX = 1024, /* as settings may be long */
};

struct kvp_pair {
	char key[KVP_KEY_MAX]; /* without "thimble."; "" for a free place */
	char value[KVP_VALUE_MAX];
};

struct kvp {
	struct kvp_pair pairs[KVP_PAIRS_MAX];
	bool registered; /* the kernel has answered the registration */
};

/* What the daemon says first. */
void kvp_registration(struct hv_kvp_msg *m);

enum kvp_result { KVP_NO_ANSWER, KVP_ANSWER, KVP_ANSWER_CHANGED };

/* Takes the message in M and makes the answer of it. KVP_ANSWER_CHANGED: one of our pairs is another now. */
enum kvp_result kvp_handle(struct kvp *k, struct hv_kvp_msg *m);

#endif
