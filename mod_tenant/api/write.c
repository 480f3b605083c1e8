/* SPDX-License-Identifier: Apache-2.0 */
#include "write.h"

#include "../http/reply.h"
#include "../identity/resolve.h"
#include "../resource/sql.h"
#include "admin.h"
#include "condition.h"
#include "created.h"
#include "idempotency.h"
#include "fetch.h"
#include "read.h"
#include "rotation.h"
#include "scope.h"
#include "sealed.h"

static const problem_t *create(const api_t *api, rows_t **rows)
{
    const named_t *statement = &sql_of(api->route.resource)->create;
    const char *values[NAMED_VALUES_MAX];
    given_t given = scope_given(api);
    const problem_t *problem;

    scope_give_origin(&given, api);
    if (!api->scope.tenant)
        given.single[NAME_KEY_HASH] = rotation_hash(api);
    problem = database_insert_row(api->scope.database, api->exchange.r, scope_tenant(api),
                                  &statement->statement, named_values(statement, &given, values), rows);
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

/* Whether an update stores a password. */
static int has_password(const api_t *api)
{
    const field_t *fields = api->route.resource->fields;

    for (int n = 0; fields[n].name; n++) {
        if (fields[n].type == FIELD_PASSWORD && field_is_updatable(&fields[n]) && api->input.given[n])
            return 1;
    }
    return 0;
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
    problem = fetch_row(api, &rows);
    if (problem)
        return problem;
    if (condition_judge(api, rows) || !is_removal)
        return &problem_precondition_failed;
    return admin_refuse_removal(api);
}

/* Runs an UPDATE, DELETE or upsert of the row that the path names, in the state that the request wants. */
static const problem_t *change(const api_t *api, const named_t *statement, rows_t **rows)
{
    const char *values[NAMED_VALUES_MAX];
    given_t given = scope_given(api);

    condition_give(&given, api);
    scope_give_origin(&given, api);
    return database_change(api->scope.database, api->exchange.r, scope_tenant(api), &statement->statement,
                           named_values(statement, &given, values), rows);
}

const problem_t *write_update(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const named_t *statements = api->route.by_key ? sql->update_by_key : sql->update;
    const problem_t *problem;
    rows_t *rows;

    if (api->input.count == 0)
        return read_run(api); /* nothing to write; whether there is a row is still said */
    problem = sealed_keep(api);
    if (problem)
        return problem;
    if (resource->is_single && !resource->is_profile && condition_allows_new(api))
        statements = sql->upsert;
    problem = change(api, &statements[has_password(api)], &rows);
    if (problem)
        return problem;
    scope_forget(api);
    return rows_count(rows) > 0 ? read_answer(api, HTTP_OK, rows) : why_unchanged(api);
}

const problem_t *write_remove(api_t *api)
{
    const resource_sql_t *sql = sql_of(api->route.resource);
    const problem_t *problem;
    rows_t *rows;

    problem = change(api, api->route.by_key ? &sql->remove_by_key : &sql->remove, &rows);
    if (problem)
        return problem;
    scope_forget(api);
    if (rows_count(rows) == 0)
        return why_unchanged(api);
    return exchange_answered(&api->exchange, reply_empty(api->exchange.r, HTTP_NO_CONTENT));
}
