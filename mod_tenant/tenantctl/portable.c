/* SPDX-License-Identifier: Apache-2.0 */
#include "portable.h"

#include <apr_strings.h>
#include <string.h>

#include "../resource/resources.h"
#include "output.h"
#include "portable_sql.h" /* PORTABLE_TABLES and PORTABLE_ERASED, made from portable.sql by the build */
#include "tenant.h"

enum { NAME_MAX_LENGTH = 63 };

int portable_is_name(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= NAME_MAX_LENGTH &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

apr_array_header_t *portable_split(const char *list, char at, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, 8, sizeof(const char *));
    const char stops[] = {at, '\0'};

    while (list && *list) {
        size_t length = strcspn(list, stops);

        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(pool, list, length);
        list += length + (list[length] != '\0');
    }
    return parts;
}

int portable_has(const char *list, const char *name)
{
    size_t length = strlen(name);

    while (list && *list) {
        size_t part = strcspn(list, ",");

        if (part == length && memcmp(list, name, length) == 0)
            return 1;
        list += part + (list[part] != '\0');
    }
    return 0;
}

const char *portable_quote(const char *list, const char *prefix, apr_pool_t *pool)
{
    apr_array_header_t *names = portable_split(list, ',', pool);
    const char *sql = "";

    for (int n = 0; n < names->nelts; n++)
        sql = apr_pstrcat(pool, sql, n ? ", " : "", prefix, "\"", APR_ARRAY_IDX(names, n, const char *), "\"",
                          NULL);
    return sql;
}

const portable_table_t *portable_find(const apr_array_header_t *tables, const char *name)
{
    for (int n = 0; n < tables->nelts; n++) {
        if (strcmp(APR_ARRAY_IDX(tables, n, portable_table_t).name, name) == 0)
            return &APR_ARRAY_IDX(tables, n, portable_table_t);
    }
    return NULL;
}

/* The fields of one kind in THE table, as an array literal of SQL: of tenants what may go, as columns; or all
 * passwords, as table.column. */
static const char *fields_of(int passwords, apr_pool_t *pool)
{
    const char *list = "{";

    for (const resource_t *resource = resources; resource->name; resource++) {
        const char *table = resource_table(resource);

        for (const field_t *field = resource->fields; field->name; field++) {
            int is_secret = field->type == FIELD_PASSWORD || field->type == FIELD_SECRET;
            int is_wanted = passwords
                                ? field->type == FIELD_PASSWORD
                                : !is_secret && field->type != FIELD_SEALED && !strcmp(table, "tenants");

            if (is_wanted)
                list = apr_pstrcat(pool, list, list[1] ? "," : "", passwords ? table : "",
                                   passwords ? "." : "", field_column(field), NULL);
        }
    }
    return apr_pstrcat(pool, list, "}", NULL);
}

/* The first name of a list that is none here; NULL: all are. */
static const char *find_odd(const char *list, apr_pool_t *pool)
{
    apr_array_header_t *names = portable_split(list, ',', pool);

    for (int n = 0; n < names->nelts; n++) {
        if (!portable_is_name(APR_ARRAY_IDX(names, n, const char *)))
            return APR_ARRAY_IDX(names, n, const char *);
    }
    return NULL;
}

static int take_table(portable_table_t *table, const rowset_t *rows, int row, apr_pool_t *pool)
{
    const char *odd;

    *table = (portable_table_t){
        .name = rowset_text(rows, row, 0),
        .key = rowset_text(rows, row, 1),
        .columns = rowset_text(rows, row, 2),
        .left_out = rowset_text(rows, row, 3),
        .order = rowset_text(rows, row, 4),
        .sequence = rowset_text(rows, row, 5),
        .uniques = rowset_text(rows, row, 6),
        .refers = rowset_text(rows, row, 7),
        .after = rowset_text(rows, row, 8),
    };
    odd = portable_is_name(table->name) ? find_odd(table->columns, pool) : table->name;
    if (odd)
        return complain(EXIT_FAILED, "the table %s: an export takes names of a-z, 0-9 and _ alone, not %s",
                        table->name, odd);
    return EXIT_DONE;
}

/* Whether every table that this one comes after is among the first ones. */
static int is_next(const apr_array_header_t *ordered, const portable_table_t *table, apr_pool_t *pool)
{
    apr_array_header_t *after = portable_split(table->after, ',', pool);

    for (int n = 0; n < after->nelts; n++) {
        if (!portable_find(ordered, APR_ARRAY_IDX(after, n, const char *)))
            return 0;
    }
    return 1;
}

/* Puts each table behind those that it comes after. */
static int put_in_order(apr_array_header_t *ordered, apr_array_header_t *all, apr_pool_t *pool)
{
    for (int before = -1; before < ordered->nelts && ordered->nelts < all->nelts;) {
        before = ordered->nelts;
        for (int n = 0; n < all->nelts; n++) {
            const portable_table_t *table = &APR_ARRAY_IDX(all, n, portable_table_t);

            if (!portable_find(ordered, table->name) && is_next(ordered, table, pool))
                APR_ARRAY_PUSH(ordered, portable_table_t) = *table;
        }
    }
    if (ordered->nelts < all->nelts)
        return complain(EXIT_FAILED, "tables refer to each other in a circle: no order serves them");
    return EXIT_DONE;
}

/* Notes which tables' ids others hold. */
static void note_references(apr_array_header_t *tables, apr_pool_t *pool)
{
    for (int n = 0; n < tables->nelts; n++) {
        apr_array_header_t *refers =
            portable_split(APR_ARRAY_IDX(tables, n, portable_table_t).refers, ',', pool);

        for (int m = 0; m < refers->nelts; m++) {
            const char *other = strchr(APR_ARRAY_IDX(refers, m, const char *), '=') + 1;

            for (int k = 0; k < tables->nelts; k++)
                APR_ARRAY_IDX(tables, k, portable_table_t).is_referred_to |=
                    strcmp(APR_ARRAY_IDX(tables, k, portable_table_t).name, other) == 0;
        }
    }
}

int portable_read(apr_array_header_t **tables, const session_t *session, int with_passwords)
{
    apr_pool_t *pool = session->pool;
    const char *values[] = {fields_of(0, pool), with_passwords ? fields_of(1, pool) : "{}"};
    apr_array_header_t *all = apr_array_make(pool, 16, sizeof(portable_table_t));
    rowset_t *rows = tenant_run(session, PORTABLE_TABLES, values, 2);
    int status = EXIT_DONE;

    if (!rows)
        return tenant_failed(session);
    for (int row = 0; status == EXIT_DONE && row < rowset_count(rows); row++)
        status = take_table(apr_array_push(all), rows, row, pool);
    *tables = apr_array_make(pool, all->nelts, sizeof(portable_table_t));
    if (status == EXIT_DONE)
        status = put_in_order(*tables, all, pool);
    note_references(*tables, pool);
    return status;
}

int portable_erased(apr_array_header_t **tables, const session_t *session)
{
    rowset_t *rows = tenant_run(session, PORTABLE_ERASED, NULL, 0);

    if (!rows)
        return tenant_failed(session);
    *tables = apr_array_make(session->pool, 16, sizeof(const char *));
    for (int row = 0; row < rowset_count(rows); row++)
        APR_ARRAY_PUSH(*tables, const char *) = rowset_text(rows, row, 0);
    return EXIT_DONE;
}
