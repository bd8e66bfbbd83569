/* The relay's parts, side by side. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "common/loop.h"
#include "listener.h"
#include "report.h"
#include "session.h"
#include "settings.h"
#include "upstream.h"

struct relay {
	struct loop loop;
	struct settings settings;
	struct report report;
	struct upstreams upstreams;
	struct sessions sessions;
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
};

#endif
