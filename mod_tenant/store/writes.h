/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_WRITES_H
#define TENANT_STORE_WRITES_H

#include <apr_pools.h>
#include <apr_time.h>

/* When each tenant last wrote by way of this server, whichever child it was, in memory that all children and
 * the next generations share. Tenants whose ids are the same modulo the size of it share a time, those of
 * several databases too: a time that is too late sends a read to the primary, and does no harm. */
typedef struct writes_t writes_t;

/* Stands for all tenants: what the administrator writes may be seen by any of them. */
enum { WRITES_ANY_TENANT = 0 };

/* The memory of this server, for the processes that are forked later. NULL: there is none. */
writes_t *writes_share(apr_pool_t *process);

/* Notes a write that has ended now, whatever became of it. Ahead of its answer. */
void writes_note(writes_t *writes, int tenant);

/* When a tenant's last write ended, by monotonic_now(); 0: it has not written. */
apr_time_t writes_last(const writes_t *writes, int tenant);

#endif
