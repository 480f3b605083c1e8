/* SPDX-License-Identifier: Apache-2.0 */
#include "attest.h"

#include <apr_strings.h>

#include "schema.h" /* SCHEMA_CHANGES, made from sqitch.plan by the build */

/* First come complaints, ranked; then, ranked last, the tables to try a read of. A table of tenants is one
 * with a tenant_id column, or tenants itself, that the role may touch. */
static const char catalog_sql[] =
    "WITH me AS (SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user),"
    " own AS (SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,"
    "   CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column"
    "  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
    "  AND (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(c.oid, "
    "'DELETE'))"
    "  AND (c.relname = 'tenants' OR EXISTS (SELECT FROM pg_attribute a"
    "   WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))),"
    " secured AS (SELECT own.*, format('(%%I = tenant_context())', tenant_column) AS wall FROM own"
    "  WHERE relkind IN ('r', 'p'))"
    " SELECT rank::text, text FROM ("
    " SELECT 1 AS rank, format('the role %%s is a superuser', rolname) AS text FROM me WHERE rolsuper"
    " UNION ALL SELECT 2, format('the role %%s has BYPASSRLS', rolname) FROM me WHERE rolbypassrls"
    " UNION ALL SELECT 3, format('the role %%s is a member of %%s', me.rolname, m.roleid::regrole)"
    "  FROM me JOIN pg_auth_members m ON m.member = me.oid"
    " UNION ALL SELECT 4, format('the role %%s owns %%s', me.rolname, c.oid::regclass)"
    "  FROM me JOIN pg_class c ON c.relowner = me.oid WHERE c.relpersistence <> 't'"
    " UNION ALL SELECT 5, format('the Sqitch change %%s is not deployed', change)"
    "  FROM unnest(%s::text[]) change"
    "  WHERE change NOT IN (SELECT d.change FROM sqitch.changes d WHERE d.project = 'mod_tenant')"
    " UNION ALL SELECT 6, format('row-level security is not enabled and forced on %%I', relname) FROM secured"
    "  WHERE NOT (relrowsecurity AND relforcerowsecurity AND row_security_active(oid))"
    " UNION ALL SELECT 7, format('the policies of %%I are not the ones that keep tenants apart', relname) "
    "FROM secured"
    "  WHERE 1 <> (SELECT count(*) FROM pg_policy p, me WHERE p.polrelid = secured.oid"
    "    AND p.polroles && ARRAY[0, me.oid])"
    "  OR NOT EXISTS (SELECT FROM pg_policy p, me WHERE p.polrelid = secured.oid AND me.oid = ANY "
    "(p.polroles)"
    "    AND p.polpermissive AND p.polcmd = '*' AND pg_get_expr(p.polqual, p.polrelid) = wall"
    "    AND pg_get_expr(p.polwithcheck, p.polrelid) = wall)"
    " UNION ALL SELECT 8, format('the view %%I shows rows of tenants without security_invoker', relname) "
    "FROM own"
    "  WHERE relkind = 'm' OR relkind = 'v' AND NOT coalesce(reloptions && ARRAY['security_invoker=true',"
    "    'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false)"
    " UNION ALL SELECT 9, format('%%I', relname) FROM secured WHERE has_any_column_privilege(oid, 'SELECT')"
    " ) findings ORDER BY findings.rank, text";

static const char *const known_changes[] = {SCHEMA_CHANGES};
static const statement_t catalog = {.sql = catalog_sql};

enum { COLUMN_RANK, COLUMN_TEXT, RANK_TABLE = 9 };

/* A statement that gives the number, among rows, of each table that shows a row. PostgreSQL has quoted the
 * names. */
static const char *bare_read_sql(rows_t *rows, apr_pool_t *pool)
{
    const char *sql = "SELECT -1 WHERE false";

    for (int n = 0; n < rows_count(rows); n++) {
        const char *table;

        rows_seek(rows, n);
        table = rows_text(rows, COLUMN_TEXT);
        sql =
            apr_psprintf(pool, "%s UNION ALL SELECT %d WHERE EXISTS (SELECT FROM public.%s)", sql, n, table);
    }
    return sql;
}

const char *attest(connection_t *connection, run_t *run, apr_pool_t *pool)
{
    static const char *const nothing[] = {NULL};
    statement_t bare_read = {0};
    sqlstate_t state;
    rows_t *tables;
    rows_t *shown;

    *run = connection_run(connection, &catalog, known_changes, &tables, &state, pool);
    if (*run != RUN_DONE)
        return apr_pstrcat(pool, "the catalog cannot be read (is the schema deployed?): ", state.message,
                           NULL);
    if (rows_count(tables) == 0)
        return "the role may read no table of tenants: is the schema deployed?";
    rows_seek(tables, 0);
    if (rows_int(tables, COLUMN_RANK) != RANK_TABLE)
        return apr_pstrdup(pool, rows_text(tables, COLUMN_TEXT));

    bare_read.sql = bare_read_sql(tables, pool);
    *run = connection_run(connection, &bare_read, nothing, &shown, &state, pool);
    if (*run != RUN_DONE)
        return apr_pstrcat(pool, "a table cannot be read: ", state.message, NULL);
    if (rows_count(shown) == 0)
        return NULL;
    rows_seek(shown, 0);
    rows_seek(tables, rows_int(shown, 0));
    return apr_psprintf(pool, "the table %s shows rows without a tenant", rows_text(tables, COLUMN_TEXT));
}
