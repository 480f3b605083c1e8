/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_KEEPER_H
#define TENANT_STORE_KEEPER_H

#include <apr_pools.h>

#include "pool.h"

/* Starts the threads of a pool, the connector and the reaper, with every signal blocked: those are the MPM's.
 * 0: a thread cannot be started. */
int keeper_start(pool_t *pool, apr_pool_t *process);

/* Waits for both to end, which they do once the pool is stopping. */
void keeper_join(pool_t *pool);

#endif
