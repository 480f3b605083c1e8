/* SPDX-License-Identifier: Apache-2.0 */
#include "attest.h"

#include <apr_strings.h>

#include "schema.h" /* SCHEMA_CHANGES, made from sqitch.plan by the build */
#include "session.h"

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
    " secured AS (SELECT own.*, coalesce(%s, format('(%%I = tenant_context())', tenant_column)) AS wall FROM "
    "own"
    "  WHERE relkind IN ('r', 'p'))"
    " SELECT rank::text, text FROM ("
    " SELECT 0 AS rank, format('transactions are %%s and not read committed by default: run bootstrap.sql',"
    "   current_setting('transaction_isolation')) AS text"
    "  WHERE current_setting('transaction_isolation') <> 'read committed'"
    " UNION ALL SELECT 0, format('the database is encoded in %%s, not in UTF8', getdatabaseencoding())"
    "  WHERE getdatabaseencoding() <> 'UTF8'"
    " UNION ALL SELECT 1, format('the role %%s is a superuser', rolname) FROM me WHERE rolsuper"
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

/* Its values: the condition of every policy, NULL for the one that keeps tenants apart; the changes that this
 * module knows. */
static const char *const catalog_values[][2] = {
    [DATABASE_API] = {NULL, SCHEMA_CHANGES},
    [DATABASE_ADMIN] = {"true", SCHEMA_CHANGES},
};
static const statement_t catalog = {.sql = catalog_sql};

static const char *const nothing[] = {NULL};

enum { COLUMN_RANK, COLUMN_TEXT, RANK_TABLE = 9 };

/* A statement that gives the number, among rows, of each table that shows a row.
 * PostgreSQL has quoted the names. */
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

/* What it means that the check itself failed.
 * A timeout or a lost connection says nothing about the schema. */
static const problem_t *check_failed(run_t run, const sqlstate_t *state, const char *what, const char **why,
                                     apr_pool_t *pool)
{
    int is_told =
        run == RUN_REFUSED || run == RUN_STALE; /* the same, of a connection that took long to open */
    const problem_t *problem = is_told ? sqlstate_problem(state, NULL, 0) : &problem_database_away;

    *why = apr_pstrcat(pool, what, state->message, NULL);
    return problem == &problem_database_away || problem == &problem_query_timeout ? &problem_database_away
                                                                                  : &problem_misconfigured;
}

/* Where a transaction's number has its meaning: a cluster's copies,
 * and what it was set back to, have other timelines. */
static const statement_t whereabouts = {.sql = "SELECT hashtextextended(concat_ws(' ', system_identifier, "
                                               "CASE WHEN pg_is_in_recovery() THEN 'standby'"
                                               " ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,"
                                               " (SELECT oid FROM pg_database WHERE datname = "
                                               "current_database())), 0)::text FROM pg_control_system()"};

static const problem_t *find_cluster(connection_t *connection, const char **why, apr_pool_t *pool)
{
    sqlstate_t state;
    rows_t *rows;
    run_t run = connection_run(connection, &whereabouts, nothing, &rows, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "which cluster this is cannot be found out: ", why, pool);
    rows_seek(rows, 0);
    connection->cluster = (uint64_t)apr_atoi64(rows_text(rows, 0));
    return NULL;
}

/* Tries a read of each of the tables that rows name. */
static const problem_t *attest_bare_read(connection_t *connection, rows_t *tables, const char **why,
                                         apr_pool_t *pool)
{
    statement_t bare_read = {.sql = bare_read_sql(tables, pool)};
    sqlstate_t state;
    rows_t *shown;
    run_t run = connection_run(connection, &bare_read, nothing, &shown, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "a table cannot be read: ", why, pool);
    if (rows_count(shown) == 0)
        return NULL;
    rows_seek(shown, 0);
    rows_seek(tables, rows_int(shown, 0));
    *why = apr_psprintf(pool, "the table %s shows rows without a tenant", rows_text(tables, COLUMN_TEXT));
    return &problem_misconfigured;
}

const problem_t *attest(connection_t *connection, database_role_t role, const char **why, apr_pool_t *pool)
{
    const problem_t *problem;
    sqlstate_t state;
    rows_t *findings;
    run_t run = session_begin(connection, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "the session cannot be set up: ", why, pool);
    run = connection_run(connection, &catalog, catalog_values[role], &findings, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "the catalog cannot be read (is the schema deployed?): ", why, pool);
    if (rows_count(findings) == 0) {
        *why = "the role may read no table of tenants: is the schema deployed?";
        return &problem_misconfigured;
    }
    rows_seek(findings, 0);
    if (rows_int(findings, COLUMN_RANK) != RANK_TABLE) {
        *why = apr_pstrdup(pool, rows_text(findings, COLUMN_TEXT));
        return &problem_misconfigured;
    }
    problem = role == DATABASE_ADMIN ? NULL : attest_bare_read(connection, findings, why, pool);
    return problem ? problem : find_cluster(connection, why, pool);
}
