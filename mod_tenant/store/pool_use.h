/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_POOL_USE_H
#define TENANT_STORE_POOL_USE_H

/* What a connection of a pool is taken for. */
typedef enum pool_use_t {
    POOL_STATEMENT,
    POOL_LOOKUP, /* finding out who is asking: at most a quarter of the pool, at least one connection */
    POOL_WRITE,  /* at most half of it, at least one: reads go on, whatever holds writes up */
    POOL_USES,   /* how many there are */
} pool_use_t;

#endif
