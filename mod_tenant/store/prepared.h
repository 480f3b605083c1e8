/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_PREPARED_H
#define TENANT_STORE_PREPARED_H

#include <apr_pools.h>

#include "statement.h"

struct apr_dbd_t;

/* The statements that one connection keeps. */
typedef struct prepared_set_t prepared_set_t;

/* A list statement costs PostgreSQL 54 KiB in each backend: so many are kept, the least recently used goes.
 */
enum { PREPARED_MAX = 64 };

/* A statement that a connection keeps. */
typedef struct prepared_t {
    const char *label; /* in pool */
    const char *text;  /* what is sent each time where statements may not be prepared, else NULL */
    int parameters;
    apr_pool_t *pool; /* its own, so that it can be given up alone */
    unsigned used;    /* the set's clock at the last use */
} prepared_t;

/* None yet, of a connection whose pool that is. may_prepare: not behind a transaction pooler. */
prepared_set_t *prepared_set_make(struct apr_dbd_t *handle, int may_prepare, apr_pool_t *pool);

/* A statement that has a label as the connection keeps it, which from now on is the one used last. Where it
 * is new it may take the place of the one that was used least recently; the time that takes is the running
 * statement's. NULL: PostgreSQL has refused to prepare it. */
const prepared_t *prepared_find(prepared_set_t *set, const statement_t *statement, apr_pool_t *pool);

/* Whether it is kept already. */
int prepared_is_kept(const prepared_set_t *set, const statement_t *statement);

/* The names of those that are kept, with the one of a statement that is about to be, as a literal of text[].
 */
const char *prepared_names(const prepared_set_t *set, const statement_t *next, apr_pool_t *pool);

#endif
