/* SPDX-License-Identifier: Apache-2.0 */
#include "write.h"

#include <apr_strings.h>

#include "../http/reply.h"
#include "../identity/resolve.h"
#include "../resource/sql.h"
#include "admin.h"
#include "condition.h"
#include "created.h"
#include "idempotency.h"
#include "read.h"
#include "scope.h"
#include "sealed.h"

void write_add_fields(values_t *values, const api_t *api)
{
    const resource_t *resource = api->route.resource;

    for (int n = 0; resource->fields[n].name; n++) {
        if (field_is_creatable(&resource->fields[n]))
            values_add(values, api->input.values[n]);
    }
}

static const problem_t *create(const api_t *api, rows_t **rows)
{
    const problem_t *problem;
    values_t values = {.count = 0};

    if (!api->scope.tenant)
        admin_add_new(api, &values);
    scope_add(&values, api);
    write_add_fields(&values, api);
    problem = database_insert_row(api->scope.database, api->exchange.r, &sql_of(api->route.resource)->create,
                                  values.list, rows);
    return !problem && rows_count(*rows) == 0 ? &problem_internal : problem;
}

const problem_t *write_create(api_t *api)
{
    const problem_t *problem;
    int replayed = 0;
    rows_t *rows;

    problem = api->idempotency_key ? idempotency_create(api, &rows, &replayed) : create(api, &rows);
    return problem ? problem : created_answer(api, rows, replayed);
}

/* The values of a SET list (sql.h). Returns which of the two lists it is: whether a password is stored. */
static int add_assignments(values_t *values, const api_t *api)
{
    const resource_t *resource = api->route.resource;
    int with_password = 0;

    for (int n = 0; resource->fields[n].name; n++) {
        int is_password = resource->fields[n].type == FIELD_PASSWORD;

        if (!field_is_updatable(&resource->fields[n]) || (is_password && !api->input.given[n]))
            continue;
        if (!is_password)
            values_add(values, api->input.given[n] ? "true" : "false");
        values_add(values, api->input.values[n]);
        with_password |= is_password;
    }
    return with_password;
}

/* Adds the values of an upsert ahead of those of its SET list. */
static void add_new_row(values_t *values, const api_t *api)
{
    const resource_t *resource = api->route.resource;

    scope_add(values, api);
    for (int n = 0; resource->fields[n].name; n++) {
        if (field_is_updatable(&resource->fields[n]))
            values_add(values, api->input.values[n]);
    }
}

/* Why an UPDATE or DELETE has found no row: there is none, or it is not in the state that the request, or the
 * resource, wants. */
static const problem_t *why_unchanged(api_t *api)
{
    int is_removal = api->exchange.r->method_number == M_DELETE && api->route.resource->removable;
    const problem_t *problem;
    rows_t *rows;

    if (!condition_is_given(api) && !is_removal)
        return &problem_not_found;
    problem = read_row(api, &rows);
    if (problem)
        return problem;
    if (condition_judge(api, rows) || !is_removal)
        return &problem_precondition_failed;
    return admin_refuse_removal(api);
}

const problem_t *write_update(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const statement_t *statements = api->route.by_key ? sql->update_by_key : sql->update;
    const problem_t *problem;
    values_t values = {.count = 0};
    uint64_t cluster;
    int with_password;
    rows_t *rows;

    if (api->input.count == 0)
        return read_run(api); /* nothing to write; whether there is a row is still said */
    problem = sealed_keep(api);
    if (problem)
        return problem;
    if (resource->is_single && !resource->is_profile && condition_allows_new(api)) {
        statements = sql->upsert;
        add_new_row(&values, api);
        with_password = add_assignments(&values, api);
    } else {
        with_password = add_assignments(&values, api);
        scope_add(&values, api);
        if (!resource->is_single)
            values_add(&values, api->route.id);
    }
    problem = condition_add(&values, api, &cluster);
    if (!problem)
        problem = database_change(api->scope.database, api->exchange.r, scope_tenant(api), cluster,
                                  &statements[with_password], values.list, &rows);
    if (problem)
        return problem;
    scope_forget(api);
    return rows_count(rows) > 0 ? read_answer(api, HTTP_OK, rows) : why_unchanged(api);
}

const problem_t *write_remove(api_t *api)
{
    const resource_sql_t *sql = sql_of(api->route.resource);
    const problem_t *problem;
    values_t values = {.count = 0};
    uint64_t cluster;
    rows_t *rows;

    scope_add(&values, api);
    values_add(&values, api->route.id);
    problem = condition_add(&values, api, &cluster);
    if (!problem)
        problem = database_change(api->scope.database, api->exchange.r, scope_tenant(api), cluster,
                                  api->route.by_key ? &sql->remove_by_key : &sql->remove, values.list, &rows);
    if (problem)
        return problem;
    scope_forget(api);
    if (rows_count(rows) == 0)
        return why_unchanged(api);
    return exchange_answered(&api->exchange, reply_empty(api->exchange.r, HTTP_NO_CONTENT));
}
