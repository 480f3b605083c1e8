/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_text.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

void sql_add(sql_text_t *sql, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sql->text = apr_pstrcat(sql->pool, sql->text, apr_pvsprintf(sql->pool, format, args), NULL);
    va_end(args);
}

/* The same without its name. */
static const char *placeholder(const field_t *field)
{
    static const char *const casts[] = {
        [FIELD_INTEGER] = "%d::int",  [FIELD_TEXT] = "%s",
        [FIELD_BOOLEAN] = "%s::bool", [FIELD_TIME] = "%s::timestamptz",
        [FIELD_DATE] = "%s::date",    [FIELD_PASSWORD] = "%s",
        [FIELD_SECRET] = "%s",
    };

    if (field->taken)
        return field->taken;
    return field->flags & FIELD_BIG ? "%s::bigint" : casts[field->type];
}

const char *sql_placeholder(const field_t *field, const char *name, apr_pool_t *pool)
{
    const char *text = placeholder(field);
    const char *rest = strchr(text, '%') + 2;

    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(rest - text)), "{", name, "}", rest,
                       NULL);
}

const char *sql_field(const field_t *field, const char *kind, apr_pool_t *pool)
{
    return sql_placeholder(field, apr_pstrcat(pool, kind, ".", field->name, NULL), pool);
}

const char *sql_stored(const field_t *field, apr_pool_t *pool)
{
    const char *value = sql_field(field, "new", pool);

    return field->fallback ? apr_psprintf(pool, "coalesce(%s, %s)", value, field->fallback) : value;
}

const char *sql_columns(const resource_t *resource, apr_pool_t *pool)
{
    sql_text_t sql = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (!field_is_selected(field))
            continue;
        sql_add(&sql, "%s%s", *sql.text ? ", " : "", field_column(field));
        if (field->type == FIELD_TEXT)
            sql_add(&sql, "::text");
        if (field->type == FIELD_TEXT || field->column)
            sql_add(&sql, " AS %s", field->name);
    }
    return sql.text;
}

const char *sql_row_columns(const resource_t *resource, apr_pool_t *pool)
{
    return apr_pstrcat(pool, sql_columns(resource, pool), ", row_version", NULL);
}

const char *sql_shape(const resource_t *resource, apr_pool_t *pool)
{
    static const char kinds[] = {
        [FIELD_INTEGER] = 'i', [FIELD_TEXT] = 's', [FIELD_BOOLEAN] = 'b',
        [FIELD_TIME] = 't',    [FIELD_DATE] = 'd', [FIELD_SEALED] = 's',
    };
    char *shape = apr_pcalloc(pool, RESOURCE_FIELDS_MAX + 1);
    char *to = shape;

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_selected(field))
            *to++ = kinds[field->type];
    }
    *shape = (char)apr_toupper(*shape); /* the id */
    return shape;
}

const char *sql_row_shape(const resource_t *resource, apr_pool_t *pool)
{
    return apr_pstrcat(pool, sql_shape(resource, pool), "S", NULL);
}

const char *sql_where_tenant(const resource_t *resource, apr_pool_t *pool)
{
    return resource->spans_tenants
               ? " WHERE true"
               : apr_pstrcat(pool, " WHERE ", resource_tenant_column(resource), " = %d{tenant}::int", NULL);
}

/* LIMIT with the context, whose length, 1 or more, is enough for one row. */
static const char *limit_in_context(const char *limit, apr_pool_t *pool)
{
    return apr_pstrcat(pool, " LIMIT ", limit ? limit : "", limit ? " + 0 * " : "", "length(" SQL_CONTEXT ")",
                       NULL);
}

const char *sql_select(const resource_t *resource, const char *columns, const char *inner, const char *limit,
                       apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, "SELECT ", columns, " FROM ", resource_table(resource),
                                   sql_where_tenant(resource, pool), inner, NULL);

    if (!resource->spans_tenants)
        return apr_pstrcat(pool, text, limit_in_context(limit, pool), NULL);
    return limit ? apr_pstrcat(pool, text, " LIMIT ", limit, NULL) : text;
}

const char *sql_select_many(const resource_t *resource, const char *columns, const field_t *id,
                            apr_pool_t *pool)
{
    const char *by = id ? field_column(id) : NULL;
    const char *keys = !id ? "" : id->flags & FIELD_BIG ? ", %s{row.id}::bigint[]" : ", %s{row.id}::int[]";

    return apr_pstrcat(pool, "SELECT r.*, k.n FROM unnest(%s{tenant}::int[]", keys,
                       ") WITH ORDINALITY AS k(tenant", by ? ", key" : "", ", n), LATERAL (SELECT ", columns,
                       " FROM ", resource_table(resource), " WHERE ", resource_tenant_column(resource),
                       " = k.tenant", by ? " AND " : "", by ? by : "", by ? " = k.key" : "",
                       " LIMIT length(" SQL_CONTEXT_OF("k.tenant::text") ")) AS r", NULL);
}
