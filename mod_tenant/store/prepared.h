/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_PREPARED_H
#define TENANT_STORE_PREPARED_H

#include <apr_pools.h>

#include "statement.h"

struct pg_conn;

/* The statements that one connection keeps. */
typedef struct prepared_set_t prepared_set_t;

/* A list statement costs PostgreSQL 54 KiB in each backend: so many are kept, the least recently used goes.
 */
enum { PREPARED_MAX = 64 };

/* A statement that a connection keeps. */
typedef struct prepared_t {
    const char *label; /* in pool */
    const char *text;  /* what is sent each time where it is not prepared, else NULL */
    int parameters;
    apr_pool_t *pool; /* its own, so that it can be given up alone */
    unsigned used;    /* the set's clock at the last use */
} prepared_t;

/* Who keeps them. */
typedef enum prepared_how_t {
    PREPARED_NEVER,  /* nobody: each is sent with its text, each time */
    PREPARED_HERE,   /* the session, which is the connection's alone */
    PREPARED_POOLED, /* a transaction pooler, for whichever session a statement comes to */
} prepared_how_t;

/* None yet, of a connection whose pool that is: PREPARED_NEVER or PREPARED_HERE. */
prepared_set_t *prepared_set_make(struct pg_conn *libpq, prepared_how_t how, apr_pool_t *pool);

/* From now on they are PREPARED_POOLED. The sessions behind a pooler have statements of other
 * connections, of before the tables were changed too: tag tells them apart, a word for the form of all
 * tables. */
void prepared_set_pooled(prepared_set_t *set, const char *tag);

/* A statement was not there, or was already. Whether that is a pooler's mistake, as somebody has dropped
 * those of a session behind it: statements of connections that are made from now on are others to it. */
int prepared_set_lost(const prepared_set_t *set);

/* From now on they are PREPARED_NEVER, and those so far are forgotten. pool is for scratch memory. */
void prepared_set_unprepared(prepared_set_t *set, apr_pool_t *pool);

/* A statement that has a label as the connection keeps it, which from now on is the one used last. Where it
 * is new it may take the place of the one that was used least recently; the time that takes is the running
 * statement's. Where a pooler keeps them there is an end to that: one more is sent with its text, and lives
 * in pool. NULL: PostgreSQL has refused to prepare it. */
const prepared_t *prepared_find(prepared_set_t *set, const statement_t *statement, apr_pool_t *pool);

/* Whether it is kept already. */
int prepared_is_kept(const prepared_set_t *set, const statement_t *statement);

/* The names of those that are kept, with the one of a statement that is about to be, as a literal of text[].
 */
const char *prepared_names(const prepared_set_t *set, const statement_t *next, apr_pool_t *pool);

#endif
