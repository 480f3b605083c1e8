/* SPDX-License-Identifier: Apache-2.0 */
#include "blame.h"

#include <apr_strings.h>
#include <string.h>

/* A unique index of ids alone is hurt by no value of a client's. */
static const statement_t find_behind = {
    .sql = "SELECT coalesce('the sequence ' || pg_catalog.pg_get_serial_sequence(x.indrelid::regclass::text, "
           "'id'),"
           "  'what makes the ids of ' || x.indrelid::regclass) || ' is behind the ids that are taken'"
           " FROM pg_catalog.pg_class i JOIN pg_catalog.pg_index x ON x.indexrelid = i.oid"
           " WHERE i.relname = %s AND i.relnamespace = 'public'::regnamespace"
           " AND (SELECT bool_and(a.attname IN ('id', 'tenant_id')) AND bool_or(a.attname = 'id')"
           "  FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.oid)",
};

static const statement_t find_beyond = {
    .sql = "SELECT 'the sequence ' || s.oid::regclass || ' is beyond what its column holds'"
           " FROM pg_catalog.pg_class s"
           " JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.oid"
           "  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')"
           " JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
           " WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace"
           " AND CASE WHEN s.relkind <> 'S' THEN NULL WHEN pg_catalog.has_sequence_privilege(s.oid, 'USAGE')"
           "  THEN pg_catalog.pg_sequence_last_value(s.oid) END"
           "  > CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 END",
};

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
