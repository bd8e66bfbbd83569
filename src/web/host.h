/* The Host field of a request: the name that the client uses for the page. */
#ifndef WEB_HOST_H
#define WEB_HOST_H

#include <stdbool.h>

#include "status/status.h"

/* Whether HOST ("relay1", "relay1.example.org:8080", "[2001:db8::5]") is an address, localhost, or a name of
 * this machine as S has it: the host name, its first label, either of these in a search domain. NULL, none:
 * yes. Any other name may belong to a site that points a browser here (DNS rebinding) to read the page from
 * inside. */
bool host_is_ours(const char *host, const struct status *s);

#endif
