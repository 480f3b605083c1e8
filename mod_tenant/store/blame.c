/* SPDX-License-Identifier: Apache-2.0 */
#include "blame.h"

#include <apr_strings.h>
#include <string.h>

#include "blame_sql.h" /* BLAME_BEHIND and BLAME_BEYOND, made from blame.sql by the build */

static const statement_t find_behind = {.sql = BLAME_BEHIND};
static const statement_t find_beyond = {.sql = BLAME_BEYOND};

static void ask(connection_t *connection, const statement_t *question, const char *value, sqlstate_t *state,
                apr_pool_t *pool)
{
    sqlstate_t ignored;
    rows_t *rows;

    if (connection_run(connection, question, &value, &rows, &ignored, pool) != RUN_DONE ||
        rows_count(rows) == 0)
        return;
    rows_seek(rows, 0);
    state->fault = rows_text(rows, 0);
}

void blame_sequence(connection_t *connection, const statement_t *statement, sqlstate_t *state,
                    apr_pool_t *pool)
{
    if (strcmp(state->code, "23505") == 0 && state->constraint && !sqlstate_conflict(state, statement))
        ask(connection, &find_behind, state->constraint, state, pool);
    else if (strcmp(state->code, "22003") == 0)
        ask(connection, &find_beyond, NULL, state, pool);
}
