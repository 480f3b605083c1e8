/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include "reply.h"
#include "represent.h"
#include "scope.h"
#include "sealed.h"
#include "sql.h"

const problem_t *read_answer(api_t *api, int status, rows_t *rows)
{
    writer_t writer;

    writer_init(&writer, api->r->pool, READ_ROW_SIZE);
    represent_row(&writer, api->route.resource, rows, 0);
    writer_literal(&writer, "\n");
    return api_answered(api, reply_json(api->r, status, &writer));
}

const problem_t *read_run(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const problem_t *problem;
    values_t values = {.count = 0};
    writer_t writer;
    rows_t *rows;

    scope_add(&values, api);
    values_add(&values, api->route.id);
    problem = database_read(scope_database(api), api->r, api->route.by_key ? &sql->read_by_key : &sql->read,
                            values.list, &rows);
    if (problem)
        return problem;
    if (rows_count(rows) > 0) {
        problem = resource->is_admin ? NULL : sealed_check(api, rows);
        return problem ? problem : read_answer(api, HTTP_OK, rows);
    }
    if (!resource->is_single)
        return &problem_not_found;
    writer_init(&writer, api->r->pool, READ_ROW_SIZE);
    represent_absent(&writer, resource, api->tenant->id_text);
    writer_literal(&writer, "\n");
    return api_answered(api, reply_json(api->r, HTTP_OK, &writer));
}
