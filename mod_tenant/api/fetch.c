/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include <string.h>

#include "../resource/sql.h"
#include "scope.h"

static const problem_t *fetch(const api_t *api, const resource_t *resource, const named_t *read,
                              rows_t **rows)
{
    const given_t given = scope_given(api);
    const char *values[NAMED_VALUES_MAX];
    const problem_t *problem = database_read_row(api->scope.database, api->exchange.r, scope_reader(api),
                                                 &read->statement, named_values(read, &given, values), rows);

    if (problem)
        return problem;
    if (rows_count(*rows) > 0)
        return NULL;
    *rows = NULL;
    return resource->is_single ? NULL : &problem_not_found;
}

const problem_t *fetch_row(const api_t *api, rows_t **rows)
{
    const resource_sql_t *sql = sql_of(api->route.resource);

    return fetch(api, api->route.resource, api->route.by_key ? &sql->read_by_key : &sql->read, rows);
}

const problem_t *fetch_single(const api_t *api, const resource_t *single, rows_t **rows)
{
    return fetch(api, single, &sql_of(single)->read, rows);
}

const char *fetch_value(const resource_t *resource, rows_t *rows, const char *name)
{
    int column = 0;

    rows_seek(rows, 0);
    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_selected(field) && strcmp(field->name, name) == 0)
            return rows_text(rows, column);
        column += field_is_selected(field);
    }
    return NULL;
}
