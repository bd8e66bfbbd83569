/* What a check of a service asks: "tcp:8080", "http:8080/path". */
#ifndef THIMBLE_CHECK_TARGET_H
#define THIMBLE_CHECK_TARGET_H

#include <stdbool.h>

struct check_target {
	bool http;
	unsigned port;
	const char *path; /* of a request by HTTP, in the value that was read */
};

/* False when VALUE is nothing of these. */
bool check_target_parse(struct check_target *t, const char *value);

#endif
