/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_STATEMENT_H
#define TENANT_STORE_STATEMENT_H

#include <apr_pools.h>

#include "../problem.h"

/* What a violated unique constraint means to the caller. */
typedef struct conflict_t {
    const char *constraint; /* name of the constraint or unique index; NULL ends a list */
    const problem_t *problem;
} conflict_t;

/* One SQL statement. `%s` and `%d` stand for a parameter, `%%` for a percent sign (apr_dbd's own
 * placeholders). Where the statement is prepared `%s` is a varchar and `%d` an integer, which PostgreSQL
 * reads once and not in each place that needs it as a number. Cast both where the column is not text,
 * `%d::int`, `%s::bool`: that is what tells their types where it is not prepared. Its text never holds
 * anything of a request. */
typedef struct statement_t {
    const char *label; /* [a-z0-9_]+, unique per text: prepared on first use in a connection;
                          NULL: planned each time, for shapes too rare to keep */
    const char *sql;
    const char *shape; /* its columns, a letter for each: i an integer, b a boolean, t a time, d a date,
                          s a text; in upper case where it is never NULL. Other rows are refused. NULL: they
                          may be anything, and are handled with that in mind */
    const conflict_t *conflicts;    /* or NULL; an unlisted unique constraint is problem_conflict */
    const struct statement_t *many; /* the same for several at a time, or NULL: see below */
    int is_binary; /* rows come in PostgreSQL's binary format: a time as text costs a tenth of a list */
} statement_t;

/* Where a statement reads one row, `many` reads those of several of its callers. Its parameters are int[]
 * literals: each holds the values, one for each caller, of the parameter of the single statement at the same
 * place, which is an integer. It gives the same columns, and behind them whose row it is: the caller's
 * number, from
 * 1. It has no `many`. */

/* How many parameters a statement's text has. */
int statement_parameters(const char *sql);

/* A statement's text as PostgreSQL has it: its parameters are $1, $2 …, its percent signs single. */
const char *statement_text(const char *sql, apr_pool_t *pool);

#endif
