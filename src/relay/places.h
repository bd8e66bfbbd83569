/* Who gets a place, and whose he gets when there is none left:
 *
 *   as many are taken as one client may have
 *     -> its session that nothing happened to for the longest time, once that is quiet
 *   all are taken
 *     -> the oldest session that has said nothing, when that is for a second or more
 *     -> else, when a client holds far more than the newcomer's, its session that nothing happened to for the
 *        longest time
 *     -> else the oldest session that has said nothing, of a client that holds as many as the newcomer's or
 * more
 *     -> else a session of the client that holds the most, once it is quiet
 *   none of these
 *     -> the newcomer is refused
 *
 * Who sits on places loses them as silent; who speaks first and then sits, and who opens new sessions in a
 * storm, as the one that holds the most. No storm reaches a session of a client that holds few and speaks
 * within a second. */
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
