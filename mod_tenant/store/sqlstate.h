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
    const char *table;      /* name of the table that it says it is about, or NULL */
    const char *column;     /* name of the column that must not be NULL and is, or NULL */
    const char *fault;      /* what is wrong with the database itself, where that was found out, or NULL */
    const char *message;    /* the primary message alone: the detail may hold values of rows */
} sqlstate_t;

/* Reads libpq's PQerrorMessage() of a connection whose verbosity is PQERRORS_VERBOSE. Copies into pool. */
void sqlstate_parse(sqlstate_t *state, const char *message, apr_pool_t *pool);

/* What an error says of the connection that it came by. */
typedef enum unfit_t {
    UNFIT_NOT,   /* nothing */
    UNFIT_ALONE, /* its session is not what the module made of it, or may not be */
    UNFIT_OLDER, /* the server has ended it: those opened no later are not fit either */
    UNFIT_OPEN,  /* neither is any other that is open, while a new one may be */
    UNFIT_PLANS, /* the same for their plans, which no longer fit the tables (0A000) */
} unfit_t;

/* Which connections must not be used again. */
unfit_t sqlstate_unfit(const char *code);

/* Whether the session is over: what became of its statement is unknown. */
int sqlstate_ends_session(const char *code);

/* Whether a transaction has failed for what others did at the same time, and may be run again. */
int sqlstate_is_passing(const char *code);

/* What a statement's list has for the unique constraint that was hurt, or NULL. */
const problem_t *sqlstate_conflict(const sqlstate_t *state, const statement_t *statement);

/* The problem that a failed statement is to its caller, who can have caused some of them with the values of a
 * write; with a read none. Never NULL. */
const problem_t *sqlstate_problem(const sqlstate_t *state, const statement_t *statement, int is_write);

#endif
