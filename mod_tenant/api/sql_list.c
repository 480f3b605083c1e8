/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_list.h"

#include <apr_strings.h>

#include "sql.h"
#include "sql_text.h"

/* Rows without created_at sort as the oldest; an expression, so that one index serves order and cursor. Not
 * coalesce(): the planner does not know it to be leakproof, and under row-level security would keep the
 * cursor out of the index. */
#define CREATED "CASE WHEN created_at IS NULL THEN '-infinity'::timestamptz ELSE created_at END"

const char *sql_list_text(const resource_t *resource, const page_t *page, apr_pool_t *pool)
{
    const char *order = resource->order == ORDER_ID ? "id DESC" : CREATED " DESC, id DESC";
    const char *seek =
        resource->order == ORDER_ID ? " AND id < %s::int" : " AND (" CREATED ", id) < (%s::timestamptz, %s)";
    sql_text_t inner = {"", pool};

    for (int i = 0; i < page->filter_count; i++) {
        const field_t *field = page->filters[i].field;

        sql_add(&inner, field->flags & FIELD_IGNORE_CASE ? " AND lower(%s) = lower(%s)" : " AND %s = %s",
                field_column(field), sql_placeholder(field));
    }
    if (page->is_after)
        sql_add(&inner, "%s", seek);
    sql_add(&inner, " ORDER BY %s LIMIT %%s::int OFFSET 0", order);
    return sql_select(resource, inner.text, pool);
}

void sql_list(statement_t *statement, const resource_t *resource, const page_t *page, apr_pool_t *pool)
{
    const resource_sql_t *sql = sql_of(resource);

    if (page->filter_count == 0) {
        *statement = page->is_after ? sql->list_after : sql->list;
        return;
    }
    *statement = (statement_t){.sql = sql_list_text(resource, page, pool)};
    if (page->filter_count == 1) /* combinations are too many to keep prepared */
        statement->label = apr_pstrcat(pool, page->is_after ? sql->list_after.label : sql->list.label, "_",
                                       page->filters[0].field->name, NULL);
}
