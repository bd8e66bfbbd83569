/* Who gets a place, and whose he gets when there is none left:
 *
 *   as many are taken as one client may have -> its session that nothing happened to for the longest time,
 *                                               once that is quiet
 *   all are taken -> the oldest session, of any client, that has said nothing for a second
 *                 -> else, if a client holds far more than the newcomer's: its session that nothing happened
 *                    to for the longest time
 *                 -> else the oldest session that has said nothing, or a quiet one of the client with the
 * most nobody of these -> the newcomer is refused
 *
 * Whoever sits on places loses them by the first rule of the two, whoever opens, speaks and sits by the
 * second, and a storm of new sessions by the second as well: it never reaches one that has had a place for
 * less than a second, of a client that holds few. */
#ifndef RELAY_PLACES_H
#define RELAY_PLACES_H

#include <netinet/in.h>
#include <stdbool.h>

#include "counts.h"

struct session;
struct sessions;

/* Whether another session of the client at ADDRESS may start as things are. If not: *LIMIT is why, and *OLDER
 * the session to end first, NULL for none; then the newcomer is to be refused. Takes constant time. */
bool place_is_free(
	struct sessions *all, const struct in6_addr *address, struct session **older, enum refusal *limit);

#endif
