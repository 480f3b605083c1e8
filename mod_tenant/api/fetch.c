/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch.h"

#include "../resource/sql.h"
#include "scope.h"

const problem_t *fetch_row(const api_t *api, rows_t **rows)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const named_t *read = api->route.by_key ? &sql->read_by_key : &sql->read;
    const given_t given = scope_given(api);
    const char *values[NAMED_VALUES_MAX];
    const problem_t *problem = database_read_row(api->scope.database, api->exchange.r, &read->statement,
                                                 named_values(read, &given, values), rows);

    if (problem)
        return problem;
    if (rows_count(*rows) > 0)
        return NULL;
    *rows = NULL;
    return resource->is_single ? NULL : &problem_not_found;
}
