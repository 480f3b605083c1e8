/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_GENERATIONS_H
#define TENANT_IDENTITY_GENERATIONS_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdint.h>

/* When tenants and logins of one database last changed, in memory that all children of a server share: one
 * process, which hears of the changes, writes; whoever keeps what it has read asks ahead of each use whether
 * that still holds.
 *
 *     generation_t read_at = generations_now(g, GENERATIONS_TENANTS);    // first
 *     ... read the tenant from the database, keep it together with read_at ...
 *     if (generations_hold(g, GENERATIONS_TENANTS, tenant->id, read_at))
 *         ... use it ...
 *
 * A change that comes while the tenant is being read counts as one after it. */
typedef struct generations_t generations_t;

typedef enum generations_kind_t {
    GENERATIONS_TENANTS, /* rows of `tenants` */
    GENERATIONS_LOGINS,  /* what the logins of a tenant's users rest on */
    GENERATIONS_KINDS,
} generations_kind_t;

/* A moment between two changes of a kind; it grows with each. */
typedef int64_t generation_t;

/* Stands for all tenants: what says that something is nobody's holds until any tenant changes. */
enum { GENERATIONS_ANY_TENANT = 0 };

/* Memory for the processes that are forked later, which goes with pool; NULL when there is none. Nothing
 * holds until a writer says so. */
generations_t *generations_make(apr_pool_t *pool);

/* The present moment; 0 when nobody hears of changes, so that nothing that is read now may be kept. */
generation_t generations_now(const generations_t *generations, generations_kind_t kind);

/* Whether what was read about a tenant at a moment is what the database would say now. Never for moment 0,
 * nor while nobody hears of changes. Takes no lock. */
int generations_hold(const generations_t *generations, generations_kind_t kind, int tenant, generation_t at);

/* When somebody was last known to hear of changes, by monotonic_now(); 0: never. *is_heard: whether
 * readers rely on that. */
apr_time_t generations_proven(const generations_t *generations, int *is_heard);

/* --- For the writer, and for whoever has itself made a change ------------------------------------------- */

/* A tenant has changed; GENERATIONS_ANY_TENANT: any of them may have. */
void generations_change(generations_t *generations, generations_kind_t kind, int tenant);

/* The same for the payload of a notification: ids of tenants, separated by commas.
 * Any other text means all. */
void generations_read(generations_t *generations, generations_kind_t kind, const char *payload);

/* --- For the writer ------------------------------------------------------------------------------------- */

/* Waits for the right to write, which one thread of all processes has at a time. When its holder dies the
 * kernel passes it on at once. 0: the time is over. */
int generations_lock(generations_t *generations, apr_interval_time_t time);

void generations_unlock(generations_t *generations);

/* Until when, by monotonic_now(), readers may rely on being told of changes; 0: no longer. A writer that is
 * stopped, or lost, cannot say that it is: so trust has an end. */
void generations_trust(generations_t *generations, apr_time_t until);

/* Notes whether changes are heard, for the log; whether that is news. At first they are. */
int generations_set_heard(generations_t *generations, int is_heard);

#endif
