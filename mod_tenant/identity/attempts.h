/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_ATTEMPTS_H
#define TENANT_IDENTITY_ATTEMPTS_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../secret/digest.h"

/* How often something may be: so many at once, and then `count` more, evenly, in each period. The generic
 * cell rate algorithm (ITU-T I.371): nothing is added up, a moment is moved on. */
typedef struct attempts_rate_t {
    int count;                  /* 0: any number */
    apr_interval_time_t period; /* at least 1 µs for each */
    int burst;                  /* how many at once; 0: count */
} attempts_rate_t;

/* What is left to a name once one of its attempts has been counted, or has not. */
typedef struct attempts_left_t {
    int count;                      /* so many may be at once */
    apr_interval_time_t until_full; /* until as many may be as ever */
} attempts_left_t;

/* Attempts, failed logins say, by whom and from where, in memory that all children of a server share, those
 * of the next generation too. It has a fixed size: what is least worth keeping gives way, which is a name
 * whose every attempt is forgotten anyway, if there is one. A name that gives way begins anew: it may then
 * do more than its share, never less. */
typedef struct attempts_t attempts_t;

/* The memory for a purpose, `logins` say, made once for as long as the process and its children live, for at
 * least so many names. Each purpose has its own, so that no flood of one drives out what is counted of
 * another. NULL: there is none. */
attempts_t *attempts_share(const char *purpose, int names, apr_pool_t *process);

/* Bytes of shared memory that so many names take. */
apr_size_t attempts_size(int names);

/* Whose attempts they are: what tells names apart, "" where it does not matter. */
digest_t attempts_name(const attempts_t *attempts, const char *database, const char *tenant,
                       const char *email, const char *address);

/* How long this one has to wait until its next attempt; 0: not at all. */
apr_interval_time_t attempts_wait(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name);

/* Counts one that may be, at once, so that no two take the last place; 0. Else counts nothing, and returns
 * how long to wait for the next. *left tells either way, unless left is NULL. */
apr_interval_time_t attempts_take(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name,
                                  attempts_left_t *left);

/* Takes back one that attempts_take() has counted. */
void attempts_give_back(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name);

/* Counts a failed one. */
void attempts_count(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name);

#endif
