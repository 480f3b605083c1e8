/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_WITNESS_H
#define TENANT_IDENTITY_WITNESS_H

#include <apr_pools.h>
#include <apr_time.h>

/* Goes the way of requests to the database, again and again, with a connection of its own each time, and has
 * a notification sent there. Whoever listens and gets it listens to the same server: notifications do not
 * leave one, so it is the same cluster on the same timeline. A thread of its own, for the way may take
 * long. */
typedef struct witness_t witness_t;

/* One that rests. It ends with the process's pool, once an attempt to connect is over. conninfo: what
 * requests connect to; limit: how long an answer may take. NULL: there is no thread or descriptor left. */
witness_t *witness_start(const char *conninfo, apr_interval_time_t limit, apr_pool_t *process);

/* Has it send to a channel from now on; NULL: it rests. The name stays until the next call. */
void witness_lead(witness_t *witness, const char *channel);

/* The number of the last notification whose COMMIT has ended, which is its payload behind a `w`; 0: there is
 * none to the present channel. *began: ahead of its connection. */
int witness_last(witness_t *witness, apr_time_t *began);

#endif
