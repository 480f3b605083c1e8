/* SPDX-License-Identifier: Apache-2.0 */
#include "writes.h"

#include <stdatomic.h>

#include "../monotonic.h"
#include "lasting.h"

/* 16384 of 8 bytes stay in a processor's cache. */
enum { BUCKETS = 16384 };

struct writes_t {
    _Atomic apr_time_t all;             /* of WRITES_ANY_TENANT */
    _Atomic apr_time_t tenant[BUCKETS]; /* of one of these tenants */
};

writes_t *writes_share(apr_pool_t *process)
{
    int is_new;

    return lasting_memory("mod_tenant writes 1", sizeof(writes_t), &is_new, process);
}

void writes_note(writes_t *writes, int tenant)
{
    _Atomic apr_time_t *last =
        tenant == WRITES_ANY_TENANT ? &writes->all : &writes->tenant[(unsigned)tenant % BUCKETS];
    apr_time_t now = monotonic_now();
    apr_time_t before = *last;

    /* two may end at the same time */
    while (before < now && !atomic_compare_exchange_weak(last, &before, now)) {
    }
}

apr_time_t writes_last(const writes_t *writes, int tenant)
{
    apr_time_t own = writes->tenant[(unsigned)tenant % BUCKETS];
    apr_time_t all = writes->all;

    return own > all ? own : all;
}
