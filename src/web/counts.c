#include "counts.h"

const char *const web_refusal_words[WEB_REFUSAL_COUNT] = {
	[WEB_NOT_ALLOWED] = "not_allowed",
	[WEB_CLIENT_FULL] = "client_full",
	[WEB_FULL] = "full",
	[WEB_TOO_SLOW] = "too_slow",
	[WEB_GAVE_WAY] = "gave_way",
};
