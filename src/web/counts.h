/* Web's own counters. */
#ifndef WEB_COUNTS_H
#define WEB_COUNTS_H

enum web_refusal {
	WEB_NOT_ALLOWED, /* not from status-allow */
	WEB_CLIENT_FULL, /* over the limit of one client */
	WEB_FULL,        /* over the limit of all */
	WEB_TOO_SLOW,    /* the request, or the client's reading of the answer */
	WEB_GAVE_WAY,    /* at one of these limits, to a newer one */
	WEB_REFUSAL_COUNT
};

struct web_counts {
	unsigned long long requests; /* answered */
	unsigned long long refused[WEB_REFUSAL_COUNT];
	unsigned connections; /* open now */
};

/* A word for each, for metrics and JSON. */
extern const char *const web_refusal_words[WEB_REFUSAL_COUNT];

#endif
