/* The relay's parts, side by side. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "common/loop.h"
#include "discovery.h"
#include "listener.h"
#include "common/networks.h"
#include "report.h"
#include "session.h"
#include "settings.h"
#include "upstream.h"

struct relay {
	struct loop loop;
	struct settings settings;
	struct report report;
	struct networks networks;
	struct upstreams upstreams;
	struct discovery discovery;
	struct sessions sessions;
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
};

#endif
