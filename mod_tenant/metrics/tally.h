/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_TALLY_H
#define TENANT_METRICS_TALLY_H

#include <apr_pools.h>
#include <stdint.h>

/* What is noted of one request until it is counted, at its end. */
typedef struct tally_t {
    const char *handler;             /* the kind that answers */
    const char *resource;            /* what of it was asked; "": nothing that has a name */
    const struct problem_t *problem; /* what was answered; NULL: none */
    int64_t rows_read, rows_written;
    int64_t bytes;    /* of the answer's body */
    int64_t database; /* microseconds that it took, with the wait for a connection */
} tally_t;

/* Begins the request's with that pool; of a request that goes from one handler to another the first one's
 * stays. */
void tally_begin(apr_pool_t *pool, const char *handler);

/* Counts a problem that the request is answered with. */
void tally_problem(apr_pool_t *pool, const struct problem_t *problem);

/* That of a request, or NULL: none was begun. */
tally_t *tally_of(apr_pool_t *pool);

#endif
