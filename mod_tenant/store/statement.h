/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_STATEMENT_H
#define TENANT_STORE_STATEMENT_H

#include "../problem.h"

/* What a violated unique constraint means to the caller. */
typedef struct conflict_t {
    const char *constraint; /* name of the constraint or unique index; NULL ends a list */
    const problem_t *problem;
} conflict_t;

/* One SQL statement. `%s` stands for a parameter (apr_dbd's own placeholder: a varchar where the statement is
 * prepared, so cast it where the column is not text, `%s::int`), `%%` for a percent sign. Its text never
 * holds anything of a request. */
typedef struct statement_t {
    const char *label; /* [a-z0-9_]+, unique per text: prepared on first use in a connection;
                          NULL: planned each time, for shapes too rare to keep */
    const char *sql;
    const conflict_t *conflicts; /* or NULL; an unlisted unique constraint is problem_conflict */
} statement_t;

#endif
