/* SPDX-License-Identifier: Apache-2.0 */
#include "upsert.h"

#include <stdlib.h>
#include <string.h>

#include "../store/durable.h"

/* clang-format off */

/* --- The columns ----------------------------------------------------------------------------------------
 * */

/* By which of two values wins: the row's, r, or the event's, which is in n, or in excluded. */
#define TEXT(column, n)    "greatest(r." column " COLLATE \"C\", " n "." column ")"
#define LARGEST(column, n) "greatest(r." column ", " n "." column ")"
#define FIRST(column, n)   "least(r." column ", " n "." column ")"

/* Behind sid and status, which each table has. */
#define CALLS(X) \
    X("from_number", "%s::text", TEXT) \
    X("to_number", "%s::text", TEXT) \
    X("direction", "%s::text", TEXT) \
    X("duration", "%d::int", LARGEST) \
    X("parent_call_sid", "%s::text", TEXT) \
    X("answered_at", "%s::timestamptz", FIRST) \
    X("ended_at", "%s::timestamptz", LARGEST)
#define MESSAGES(X) \
    X("from_number", "%s::text", TEXT) \
    X("to_number", "%s::text", TEXT) \
    X("body", "%s::text", TEXT) \
    X("direction", "%s::text", TEXT) \
    X("error_code", "%d::int", LARGEST) \
    X("num_media", "%d::int", LARGEST) \
    X("media", "%s::text", TEXT)
#define RECORDINGS(X) \
    X("call_sid", "%s::text", TEXT) \
    X("url", "%s::text", TEXT) \
    X("duration", "%d::int", LARGEST) \
    X("channels", "%d::int", LARGEST) \
    X("source", "%s::text", TEXT)

/* --- A statement ----------------------------------------------------------------------------------------
 * */

#define NAME(column, type, RULE)            ", " column
#define ITEM(column, type, RULE)            column,
#define GIVEN(column, type, RULE)           ", " type " AS " column
#define OF_N(column, type, RULE)            ", n." column
#define OF_R(column, type, RULE)            ", r." column
#define SET_N(column, type, RULE)           ", " column " = " RULE(column, "n")
#define SET_EXCLUDED(column, type, RULE)    ", " column " = " RULE(column, "excluded")
#define MERGE_N(column, type, RULE)         ", " RULE(column, "n")
#define MERGE_EXCLUDED(column, type, RULE)  ", " RULE(column, "excluded")

#define STATUS(table, n) "twilio_status_latest('" table "', r.status, " n ".status)"

/* t sets the tenant's context and has its id, and names nobody to the audit, as who shares the transaction
 * may have done; n is what the event says; known is the tenant's row with the sid, if there is one. A row
 * that is known is updated, since each INSERT draws an id, ON CONFLICT or not, and ids of type integer are
 * not to be used up by events. Where it has come into being meanwhile, ON CONFLICT finds it.
 *
 * No row is looked for ahead of the context: known's row by LATERAL, which has to ask t first, and a wall,
 * OFFSET, that nothing is moved across. EXISTS (SELECT FROM known) says nothing of the table's columns, so
 * PostgreSQL asks it once, as a filter on top of the whole UPDATE, or of the whole SELECT of the INSERT,
 * ahead of their first row.
 *
 * Of a row of another tenant ON CONFLICT tests WHERE first, and lets it be; row-level security, which
 * would raise an error, is asked behind that. The constraint is named, for the one of a table with partitions
 * has tenant_id as well: there is no other tenant's row. A row that would stay as it is is not written: its
 * version, and so its ETag, stays. That it says all of it already is told once that is safe. */
#define SQL(table, COLUMNS) \
    "WITH t AS MATERIALIZED (SELECT CASE WHEN set_config('mod_tenant.origin', '', true) IS NOT NULL" \
    " THEN set_config('mod_tenant.tenant_id', %s, true)::int END AS id)," \
    " n AS MATERIALIZED (SELECT %s::text AS sid, %s::text AS status" COLUMNS(GIVEN) ")," \
    " known AS MATERIALIZED (SELECT r.id FROM t, n, LATERAL (SELECT id FROM " table \
    " WHERE tenant_id = t.id AND sid = n.sid OFFSET 0) r)," \
    " changed AS (UPDATE " table " r SET status = " STATUS(table, "n") COLUMNS(SET_N) \
    " FROM n WHERE EXISTS (SELECT FROM known) AND r.tenant_id = (SELECT id FROM t) AND r.sid = n.sid" \
    " AND (" STATUS(table, "n") COLUMNS(MERGE_N) ") IS DISTINCT FROM (r.status" \
    COLUMNS(OF_R) ") RETURNING 1)," \
    " added AS (INSERT INTO " table " AS r (tenant_id, sid, status" COLUMNS(NAME) ")" \
    " SELECT t.id, n.sid, n.status" COLUMNS(OF_N) " FROM t, n WHERE NOT EXISTS (SELECT FROM known)" \
    " ON CONFLICT ON CONSTRAINT " table "_sid_key DO UPDATE" \
    " SET status = " STATUS(table, "excluded") COLUMNS(SET_EXCLUDED) \
    " WHERE r.tenant_id = excluded.tenant_id" \
    " AND (" STATUS(table, "excluded") COLUMNS(MERGE_EXCLUDED) ") IS DISTINCT FROM (r.status" \
    COLUMNS(OF_R) ")" \
    " RETURNING 1)" \
    " SELECT CASE WHEN EXISTS (SELECT FROM changed) OR EXISTS (SELECT FROM added) THEN '" UPSERT_STORED "'" \
    " WHEN EXISTS (SELECT FROM known) AND " DURABLE_SQL " IS NOT NULL THEN '" UPSERT_STALE "'" \
    " ELSE '" UPSERT_FOREIGN "' END AS outcome"

/* clang-format on */

typedef struct table_t {
    const char *name;
    const char *columns[UPSERT_COLUMNS_MAX + 1]; /* in the order of the values; ended by NULL */
    statement_t statement;
} table_t;

#define TABLE(table, COLUMNS)                                                                                \
    {                                                                                                        \
        .name = table, .columns = {"sid", "status", COLUMNS(ITEM) NULL}, .statement = {                      \
            .label = table "_event",                                                                         \
            .sql = SQL(table, COLUMNS),                                                                      \
            .shape = "S"                                                                                     \
        }                                                                                                    \
    }

static const table_t tables[] = {
    [UPSERT_CALLS] = TABLE("calls", CALLS),
    [UPSERT_MESSAGES] = TABLE("messages", MESSAGES),
    [UPSERT_RECORDINGS] = TABLE("recordings", RECORDINGS),
};

const char *upsert_resource(const upsert_t *upsert)
{
    return tables[upsert->table].name;
}

const char *const *upsert_columns(upsert_table_t table)
{
    return tables[table].columns;
}

const char **upsert_value(upsert_t *upsert, const char *column)
{
    for (int n = 0; tables[upsert->table].columns[n]; n++) {
        if (strcmp(tables[upsert->table].columns[n], column) == 0)
            return &upsert->values[n];
    }
    abort(); /* whoever calls names one */
}

const statement_t *upsert_statement(upsert_table_t table)
{
    return &tables[table].statement;
}

void upsert_fill(const char *values[UPSERT_VALUES_MAX], const upsert_t *upsert, const char *tenant)
{
    values[0] = tenant;
    for (int n = 0; tables[upsert->table].columns[n]; n++)
        values[n + 1] = upsert->values[n];
}
