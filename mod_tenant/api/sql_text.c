/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_text.h"

#include <apr_strings.h>
#include <stdarg.h>

void sql_add(sql_text_t *sql, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sql->text = apr_pstrcat(sql->pool, sql->text, apr_pvsprintf(sql->pool, format, args), NULL);
    va_end(args);
}

const char *sql_placeholder(const field_t *field)
{
    static const char *const casts[] = {
        [FIELD_INTEGER] = "%s::int",      [FIELD_TEXT] = "%s",     [FIELD_BOOLEAN] = "%s::bool",
        [FIELD_TIME] = "%s::timestamptz", [FIELD_PASSWORD] = "%s", [FIELD_SECRET] = "%s",
    };

    return casts[field->type];
}

const char *sql_stored(const field_t *field, apr_pool_t *pool)
{
    if (field->fallback)
        return apr_psprintf(pool, "coalesce(%s, %s)", sql_placeholder(field), field->fallback);
    return sql_placeholder(field);
}

const char *sql_columns(const resource_t *resource, apr_pool_t *pool)
{
    sql_text_t sql = {"", pool};

    for (const field_t *field = resource->fields; field->name; field++) {
        if (!field_is_readable(field))
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
    return apr_pstrcat(pool, sql_columns(resource, pool), ", xmin::text AS xmin", NULL);
}

const char *sql_select_of(const resource_t *resource, const char *columns, const char *inner,
                          apr_pool_t *pool)
{
    const char *table = resource_table(resource);

    if (resource->is_admin)
        return apr_pstrcat(pool, "SELECT ", columns, " FROM ", table, " WHERE true", inner, NULL);
    return apr_pstrcat(pool, "SELECT r.* FROM " SQL_CONTEXT ", LATERAL (SELECT ", columns, " FROM ", table,
                       " WHERE ", resource_tenant_column(resource), " = t.id", inner, ") r", NULL);
}

const char *sql_select(const resource_t *resource, const char *inner, apr_pool_t *pool)
{
    return sql_select_of(resource, sql_columns(resource, pool), inner, pool);
}

const char *sql_select_row(const resource_t *resource, const char *inner, apr_pool_t *pool)
{
    return sql_select_of(resource, sql_row_columns(resource, pool), inner, pool);
}
