/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_FRESHNESS_H
#define TENANT_STORE_FRESHNESS_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdint.h>

/* How fresh a reader is, a standby that answers reads in the primary's place: in memory that all children of
 * a server share. One process, which asks both servers (surveyor.h), writes; who has a read asks around it:
 *
 *     freshness_look_t look = freshness_look(freshness);
 *     if (look.fresh > when what has to be seen was written, and not too long ago)
 *         ... read from the reader ...
 *         if (freshness_holds(freshness, &look))
 *             ... what was read is at least as fresh as that ...
 *
 * Between the two the reader may have been started anew, or another server have taken its place, so that what
 * was known of it is void.
 *
 * Why a connection to the reader leads to the server that was looked at: each has been held against the
 * survey when it was opened, and is not used once that is of another server (freshness_server()). */
typedef struct freshness_t freshness_t;

typedef struct freshness_look_t {
    apr_time_t fresh; /* whatever the primary had told to be committed until then (monotonic_now()) can be
                         seen at the reader; 0: nothing is known of it */
    uint32_t survey;  /* by which survey that is known */
} freshness_look_t;

/* Memory for the processes that are forked later, which goes with pool; NULL: there is none. */
freshness_t *freshness_make(apr_pool_t *pool);

freshness_look_t freshness_look(const freshness_t *freshness);

/* Whether what was seen is still known by the same survey. */
int freshness_holds(const freshness_t *freshness, const freshness_look_t *look);

/* When the survey last had an answer of a reader that it is of, by monotonic_now() when it asked; 0: it has
 * had none. *server: which one that is. */
apr_time_t freshness_surveyed(const freshness_t *freshness, int64_t *server);

/* Which server the survey is of, at any time. */
const _Atomic int64_t *freshness_server(const freshness_t *freshness);

/* --- For the surveyor ----------------------------------------------------------------------------------- */

/* Waits for the right to write, which one thread of all processes has at a time, and which the kernel passes
 * on when its holder dies. 0: the time is over. */
int freshness_lock(freshness_t *freshness, apr_interval_time_t time);

void freshness_unlock(freshness_t *freshness);

/* Begins a survey, by a new connection to a server. */
void freshness_begin(freshness_t *freshness, int64_t server);

/* Notes that this server, asked at a time, has answered by the connection that the survey began with. */
void freshness_note(freshness_t *freshness, apr_time_t asked);

/* Notes that all that was committed until then can be seen there. */
void freshness_reach(freshness_t *freshness, apr_time_t fresh);

/* Nothing is known any more. */
void freshness_void(freshness_t *freshness);

#endif
