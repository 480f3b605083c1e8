/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_SQLSTATE_H
#define TENANT_STORE_SQLSTATE_H

#include <apr_pools.h>

#include "statement.h"

enum { SQLSTATE_LENGTH = 5 };

/* What PostgreSQL says of a failed statement (PostgreSQL manual, appendix A). */
typedef struct sqlstate_t {
    char code[SQLSTATE_LENGTH +
              1];           /* "" when the message carries none: libpq's own, such as a lost connection */
    const char *constraint; /* name of the violated constraint, or NULL */
    const char *message;    /* the primary message alone: the detail may hold values of rows */
} sqlstate_t;

/* Reads libpq's PQerrorMessage() of a connection whose verbosity is PQERRORS_VERBOSE. Copies into pool. */
void sqlstate_parse(sqlstate_t *state, const char *message, apr_pool_t *pool);

/* Whether the session is over, so that its connection must be dropped. */
int sqlstate_ends_session(const char *code);

/* Whether the statement's plan no longer fits its tables (0A000): a new connection will run it. */
int sqlstate_is_stale_plan(const char *code);

/* The problem that a failed statement is to its caller. Never NULL. */
const problem_t *sqlstate_problem(const sqlstate_t *state, const conflict_t *conflicts);

#endif
