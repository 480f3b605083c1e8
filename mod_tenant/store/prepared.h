/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_PREPARED_H
#define TENANT_STORE_PREPARED_H

#include "connection.h"

/* A statement that a connection keeps. */
typedef struct prepared_t {
    const char *label; /* in pool */
    const char *text;  /* what is sent each time where statements may not be prepared, else NULL */
    int parameters;
    apr_pool_t *pool; /* its own, so that it can be given up alone */
    unsigned used;    /* the connection's clock at the last use */
} prepared_t;

/* A statement that has a label as the connection keeps it, which from now on is the one used last. Where it
 * is new it may take the place of the one that was used least recently; the time that takes is the running
 * statement's. NULL: PostgreSQL has refused to prepare it. */
const prepared_t *prepared_find(connection_t *connection, const statement_t *statement, apr_pool_t *pool);

/* Whether it is kept already. */
int prepared_is_kept(const connection_t *connection, const statement_t *statement);

/* The names of those that it keeps, with the one of a statement that is about to be, as a literal of text[].
 */
const char *prepared_names(const connection_t *connection, const statement_t *next, apr_pool_t *pool);

/* How many parameters a statement has. */
int prepared_count(const char *sql);

/* A statement's text as PostgreSQL has it: its parameters are $1, $2 …, its percent signs single. */
const char *prepared_text(const char *sql, apr_pool_t *pool);

#endif
