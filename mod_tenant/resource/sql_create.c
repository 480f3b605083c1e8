/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_create.h"

#include <apr_strings.h>

#include "../store/durable.h"
#include "sql_text.h"

/* The answer to the request of t, unless it is too old. */
#define FORMER                                                                                               \
    "LATERAL (SELECT fingerprint, answer FROM idempotency_keys WHERE tenant_id = t.id AND id = t.request"    \
    " AND kept_at > now() - interval '1 day' OFFSET 0) former"

/* Goes behind what gives a kept answer: it may be given only once it is safe. */
#define ONCE_DURABLE " WHERE CASE WHEN former.answer IS NOT NULL THEN " DURABLE_SQL " IS NOT NULL END"

/* `INSERT INTO … (…) `: what comes ahead of the values. */
static const char *insert(const resource_t *resource, apr_pool_t *pool)
{
    sql_text_t names = {resource->makes_keys ? "id, api_key_hash" : resource_tenant_column(resource), pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_creatable(field) || field->fallback)
            sql_add(&names, ", %s", field_column(field));
    }
    return apr_pstrcat(pool, "INSERT INTO ", resource_table(resource), " (", names.text, ") ", NULL);
}

/* The values of its columns, scope being those of the first. */
static const char *inserted(const resource_t *resource, const char *scope, apr_pool_t *pool)
{
    sql_text_t values = {scope, pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_creatable(field) || field->fallback)
            sql_add(&values, ", %s", field_is_creatable(field) ? sql_stored(field, pool) : field->fallback);
    }
    return values.text;
}

/* An integer, with which the audit is told who asks, if it tells of such rows; else that nobody is named: who
 * shares the transaction may have been. */
static const char *told(const resource_t *resource, const char *number, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "CASE WHEN ", resource->is_audited ? SQL_ORIGIN : SQL_NO_ORIGIN, " THEN ",
                       number, " END", NULL);
}

const char *sql_create(const resource_t *resource, apr_pool_t *pool)
{
    const char *scope = resource->makes_keys ? apr_pstrcat(pool, told(resource, "%d{row.id}::int", pool),
                                                           ", %s{key_hash}", NULL)
                                             : told(resource, SQL_CONTEXT "::int", pool);

    return apr_pstrcat(pool, insert(resource, pool), "VALUES (", inserted(resource, scope, pool),
                       ") RETURNING ", sql_row_columns(resource, pool), NULL);
}

/* The columns of a row and its version with their types, as they come out of a kept answer. */
static const char *typed_columns(const resource_t *resource, apr_pool_t *pool)
{
    static const char *const types[] = {
        [FIELD_INTEGER] = "int",      [FIELD_TEXT] = "text",   [FIELD_BOOLEAN] = "bool",
        [FIELD_TIME] = "timestamptz", [FIELD_SEALED] = "text",
    };
    sql_text_t sql = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_selected(field))
            sql_add(&sql, "%s %s, ", field->name, field->flags & FIELD_BIG ? "bigint" : types[field->type]);
    }
    sql_add(&sql, "row_version bigint");
    return sql.text;
}

/* What is kept of a new row: its members. Of what is sealed it is kept that it is there. A node of the former
 * release, which may run beside this one for a while, needs an xmin. */
static const char *answer(const resource_t *resource, apr_pool_t *pool)
{
    sql_text_t sql = {"to_jsonb(made) || '{\"xmin\": \"0\"}'", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field->type == FIELD_SEALED)
            sql_add(&sql, " || jsonb_build_object('%s', CASE WHEN made.%s IS NOT NULL THEN true END)",
                    field->name, field->name);
    }
    return sql.text;
}

const char *sql_create_once(const resource_t *resource, apr_pool_t *pool)
{
    return apr_pstrcat(
        pool, "WITH t AS MATERIALIZED (SELECT ", told(resource, SQL_CONTEXT "::int", pool),
        " AS id, %s{request}::text AS request, %s{fingerprint}::text AS fingerprint),"
        " former AS MATERIALIZED (SELECT former.* FROM t, " FORMER "),"
        " turn AS MATERIALIZED (SELECT t.* FROM t"
        " WHERE NOT EXISTS (SELECT FROM former) AND pg_try_advisory_xact_lock(%s{lock}::bigint)),"
        " made AS (",
        insert(resource, pool), "SELECT ", inserted(resource, "t.id", pool), " FROM turn t RETURNING ",
        sql_row_columns(resource, pool),
        "), kept AS (INSERT INTO idempotency_keys (tenant_id, id, fingerprint, answer)"
        " SELECT t.id, t.request, t.fingerprint, ",
        answer(resource, pool),
        " FROM turn t, made)"
        " SELECT made.*, NULL AS fingerprint FROM made"
        " UNION ALL SELECT r.*, former.fingerprint FROM former, LATERAL jsonb_to_record(former.answer) AS r "
        "(",
        typed_columns(resource, pool), ")" ONCE_DURABLE, NULL);
}

const char *sql_created(const resource_t *resource, apr_pool_t *pool)
{
    return apr_pstrcat(pool,
                       "SELECT r.*, former.fingerprint"
                       " FROM (SELECT " SQL_CONTEXT "::int AS id,"
                       " %s{request}::text AS request OFFSET 0) t, " FORMER
                       ", LATERAL jsonb_to_record(former.answer) AS r (",
                       typed_columns(resource, pool), ")" ONCE_DURABLE, NULL);
}
