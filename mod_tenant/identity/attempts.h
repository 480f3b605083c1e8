/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_ATTEMPTS_H
#define TENANT_IDENTITY_ATTEMPTS_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../secret/digest.h"

/* How many logins may fail (directive TenantLoginRate): so many at once, and then as many again, evenly, in
 * each period. */
typedef struct attempts_rate_t {
    int count;                  /* 0: any number */
    apr_interval_time_t period; /* at least 1 µs for each */
} attempts_rate_t;

/* Logins that failed, by whom and from where, in memory that all children of a server share, those of the
 * next generation too. It has a fixed size: what is least worth keeping gives way. */
typedef struct attempts_t attempts_t;

/* The memory for a purpose, `logins` say, made once for as long as the process and its children live. Each
 * purpose has its own, so that no flood of one drives out what is counted of another. NULL: there is none. */
attempts_t *attempts_share(const char *purpose, apr_pool_t *process);

/* Who tries to log in where, from which address. */
digest_t attempts_name(const attempts_t *attempts, const char *database, const char *tenant,
                       const char *email, const char *address);

/* How long this one has to wait until its next attempt; 0: not at all. */
apr_interval_time_t attempts_wait(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name);

/* Counts one that may be, at once, so that no two take the last place; 0. Else counts nothing, and returns
 * how long to wait for the next. */
apr_interval_time_t attempts_take(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name);

/* Counts a failed one. */
void attempts_count(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name);

#endif
