/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog.h"

#include <apr_strings.h>
#include <string.h>

#include "../resource/resources.h"
#include "catalog_sql.h" /* CATALOG_SHARED and CATALOG_CHECKS, made from catalog.sql by the build */
#include "finding.h"
#include "schema.h" /* SCHEMA_CHANGES, made from sqitch.plan by the build */

/* Each with its stable name in the findings. */
static const struct {
    const char *check;
    const char *sql;
} checks[] = {CATALOG_CHECKS};

static const char changes_sql[] =
    "WITH known AS (SELECT unnest($1::text[]) AS change),"
    " deployed AS (SELECT change FROM sqitch.changes WHERE project = 'mod_tenant')"
    " SELECT change, 'is not deployed: run sqitch deploy' FROM known WHERE change NOT IN (TABLE deployed)"
    " UNION ALL SELECT change, 'is deployed, but unknown to this tenantctl, which is older than the schema'"
    " FROM deployed WHERE change NOT IN (TABLE known)";

/* Each row is a query in the form of the checks, for one sequence that ids come from: its next number must be
 * beyond all ids, and within the first half of what it, or its column, can hold: to widen a large table takes
 * planning. Where there are partitions no index has all ids in their order, so each tenant is asked for its
 * highest one. What is said to be set leaves the sequence its cell: it grows from where it is. */
static const char sequences_sql[] =
    ", sequences AS (SELECT t.oid AS relation, CASE t.relkind WHEN 'p'"
    "  THEN format('public.tenants o, LATERAL (SELECT id FROM %s WHERE tenant_id = o.id"
    " ORDER BY id DESC LIMIT 1) r', t.oid::regclass)"
    "  ELSE format('%s r', t.oid::regclass) END AS rows,"
    " s.oid AS sequence, q.seqincrement AS step, least(q.seqmax, CASE a.atttypid"
    "  WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END) AS "
    "last"
    " FROM tables t"
    " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'id' AND NOT a.attisdropped"
    " JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
    "  AND d.refobjid = t.oid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')"
    " JOIN pg_class s ON s.oid = d.objid"
    "  AND CASE s.relkind WHEN 'S' THEN has_sequence_privilege(s.oid, 'SELECT') END"
    " JOIN pg_sequence q ON q.seqrelid = s.oid"
    " WHERE has_column_privilege(t.oid, a.attnum, 'SELECT'))"
    " SELECT format('WITH s AS (SELECT CASE WHEN is_called THEN last_value ELSE last_value - %6$s END AS "
    "given FROM %1$s),"
    "  t AS (SELECT max(r.id)::bigint AS highest FROM %5$s)"
    "  SELECT %3$L, format(''is behind: %%s is taken in %2$s; SELECT setval(%%L, %%s)'', highest, %3$L,"
    "    given + (highest - given + %6$s - 1) / %6$s * %6$s)"
    "   FROM s, t WHERE highest > given"
    "  UNION ALL SELECT %3$L, format(''is past its half: %%s of %4$s numbers are gone'', given)"
    "   FROM s WHERE given > %4$s::numeric / 2',"
    " sequence::regclass, relation::regclass, sequence::regclass::text, last, rows, step) FROM sequences";

/* What tenant_context() has to make of the setting. */
static const struct {
    const char *setting, *tenant;
} contexts[] = {
    {"", NULL},           {"0", NULL},         {"007", NULL}, {"-1", NULL},
    {"1000000000", NULL}, {"1 OR true", NULL}, {"1", "1"},    {"999999999", "999999999"},
};

/* A row of VALUES, behind the others. */
static const char *add_row(const char *rows, const char *row, apr_pool_t *pool)
{
    return apr_pstrcat(pool, rows, *rows ? ", " : "", row, NULL);
}

/* What of a resource's operations takes which privilege on its table. */
static const char *add_operations(const char *rows, const resource_t *resource, apr_pool_t *pool)
{
    const char *role = resource->spans_tenants ? "tenant_admin" : "tenant_api";
    int is_upserted =
        resource->is_single && !resource->is_profile && (resource->operations & RESOURCE_UPDATE);
    const struct {
        const char *privilege;
        int is_wanted;
    } privileges[] = {
        {"SELECT", 1},
        {"INSERT", (resource->operations & RESOURCE_CREATE) || is_upserted},
        {"UPDATE", (resource->operations & RESOURCE_UPDATE) != 0},
        {"DELETE", (resource->operations & RESOURCE_DELETE) != 0},
    };

    for (size_t n = 0; n < sizeof privileges / sizeof *privileges; n++) {
        if (privileges[n].is_wanted)
            rows = add_row(rows,
                           apr_psprintf(pool, "('%s', '%s', '%s')", role, privileges[n].privilege,
                                        resource_table(resource)),
                           pool);
    }
    return rows;
}

static const char *add_fields(const char *rows, const resource_t *resource, apr_pool_t *pool)
{
    for (const field_t *field = resource->fields; field->name; field++)
        rows = add_row(rows,
                       apr_psprintf(pool, "('%s', '%s', %s, %s)", resource_table(resource),
                                    field_column(field), field_may_be_null(field) ? "true" : "false",
                                    field->flags & FIELD_FILTER && !field->lookup ? "true" : "false"),
                       pool);
    return rows;
}

static const char *add_conflicts(const char *rows, const resource_t *resource, apr_pool_t *pool)
{
    const conflict_t *conflict = resource->conflicts;

    for (; conflict && conflict->constraint; conflict++)
        rows =
            add_row(rows, apr_psprintf(pool, "('%s', '%s')", resource_table(resource), conflict->constraint),
                    pool);
    return rows;
}

/* What goes ahead of each check: catalog.sql's, and THE table as `operations`, `fields` and `conflicts`. */
static const char *shared_sql(apr_pool_t *pool)
{
    const char *operations = "";
    const char *fields = "";
    const char *conflicts = "";

    for (const resource_t *resource = resources; resource->name; resource++) {
        operations = add_operations(operations, resource, pool);
        fields = add_fields(fields, resource, pool);
        conflicts = add_conflicts(conflicts, resource, pool);
    }
    return apr_pstrcat(pool, CATALOG_SHARED, ", operations (role, privilege, relation) AS (VALUES ",
                       operations, "), fields (relation, name, may_be_null, is_filter) AS (VALUES ", fields,
                       "), conflicts (relation, name) AS (VALUES ", conflicts, ")\n", NULL);
}

/* Adds the rows that a check gives, or that it cannot be done. */
static void run(output_t *findings, console_t *database, const char *check, const char *sql,
                const char *const *values, apr_pool_t *pool)
{
    rowset_t *rows = console_run(database, pool, sql, values, values ? 1 : 0);

    if (!rows)
        finding_add(findings, check, "database", console_failure(database));
    for (int row = 0; rows && row < rowset_count(rows); row++)
        finding_add(findings, check, rowset_text(rows, row, 0), rowset_text(rows, row, 1));
}

static void check_sequences(output_t *findings, console_t *database, const char *shared, apr_pool_t *pool)
{
    rowset_t *rows = console_run(database, pool, apr_pstrcat(pool, shared, sequences_sql, NULL), NULL, 0);

    if (!rows)
        finding_add(findings, "sequences", "database", console_failure(database));
    for (int row = 0; rows && row < rowset_count(rows); row++)
        run(findings, database, "sequences", rowset_text(rows, row, 0), NULL, pool);
}

/* Asks tenant_context() for each setting, in the transaction that is open. 0: the database failed. */
static int check_contexts(output_t *findings, console_t *database, apr_pool_t *pool)
{
    for (size_t n = 0; n < sizeof contexts / sizeof *contexts; n++) {
        const char *wanted = contexts[n].tenant, *got;
        rowset_t *rows = NULL;

        if (console_run(database, pool, "SELECT set_config('mod_tenant.tenant_id', $1, true)",
                        &contexts[n].setting, 1))
            rows = console_run(database, pool, "SELECT public.tenant_context()::text", NULL, 0);
        if (!rows)
            return 0;
        got = rowset_text(rows, 0, 0);
        if (got && wanted ? strcmp(got, wanted) != 0 : got != wanted)
            finding_add(findings, "functions", "tenant_context()",
                        apr_psprintf(pool, "must be %s where mod_tenant.tenant_id is '%s', not %s",
                                     wanted ? wanted : "NULL", contexts[n].setting, got ? got : "NULL"));
    }
    return 1;
}

/* Runs the function that every policy rests on. */
static void check_context(output_t *findings, console_t *database, apr_pool_t *pool)
{
    if (!console_run(database, pool, "BEGIN", NULL, 0) || !check_contexts(findings, database, pool))
        finding_add(findings, "functions", "tenant_context()", console_failure(database));
    console_run(database, pool, "ROLLBACK", NULL, 0);
}

void catalog_check(output_t *findings, console_t *database, apr_pool_t *pool)
{
    const char *changes = SCHEMA_CHANGES;
    const char *shared = shared_sql(pool);

    run(findings, database, "changes", changes_sql, &changes, pool);
    for (size_t n = 0; n < sizeof checks / sizeof *checks; n++)
        run(findings, database, checks[n].check, apr_pstrcat(pool, shared, checks[n].sql, NULL), NULL, pool);
    check_sequences(findings, database, shared, pool);
    check_context(findings, database, pool);
}
