/* SPDX-License-Identifier: Apache-2.0 */
#include "write.h"

#include <apr_strings.h>

#include "../identity/resolve.h"
#include "admin.h"
#include "read.h"
#include "reply.h"
#include "scope.h"
#include "sql.h"

/* What a tenant is, and who may log in, is in effect before its writer has the answer. */
static void forget_former(const api_t *api)
{
    const resource_t *resource = api->route.resource;

    if (resource->is_admin || resource->is_profile)
        resolve_forget_tenant(api->r, resource->is_admin ? atoi(api->route.id) : api->tenant->id);
    else if (resource->is_users)
        resolve_forget_logins(api->r, api->tenant->id);
}

/* The Location of the new row, which is the first of rows. */
static void set_location(const api_t *api, rows_t *rows)
{
    rows_seek(rows, 0);
    apr_table_setn(api->r->headers_out, "Location",
                   scope_path(api, ap_escape_path_segment(api->r->pool, rows_text(rows, 0))));
}

const problem_t *write_create(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const problem_t *problem;
    values_t values = {.count = 0};
    rows_t *rows;

    if (resource->is_admin)
        admin_add_new(api, &values);
    for (int n = 0; resource->fields[n].name; n++) {
        if (field_is_creatable(&resource->fields[n]))
            values_add(&values, api->input.values[n]);
    }
    scope_add(&values, api);
    problem = database_insert(scope_database(api), api->r, &sql_of(resource)->create, values.list, &rows);
    if (problem)
        return problem;
    if (rows_count(rows) == 0)
        return &problem_internal;
    forget_former(api);
    set_location(api, rows);
    return resource->is_admin ? admin_answer_new(api, rows) : read_answer(api, HTTP_CREATED, rows);
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

const problem_t *write_update(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const statement_t *statements = sql->upsert;
    const problem_t *problem;
    values_t values = {.count = 0};
    int with_password;
    rows_t *rows;

    if (api->input.count == 0)
        return read_run(api); /* nothing to write; whether there is a row is still said */
    if (resource->is_single && !resource->is_profile) {
        scope_add(&values, api);
        for (int n = 0; resource->fields[n].name; n++) {
            if (field_is_updatable(&resource->fields[n]))
                values_add(&values, api->input.values[n]);
        }
        with_password = add_assignments(&values, api);
    } else {
        statements = api->route.by_key ? sql->update_by_key : sql->update;
        with_password = add_assignments(&values, api);
        scope_add(&values, api);
        if (!resource->is_profile)
            values_add(&values, api->route.id);
    }
    problem = database_change(scope_database(api), api->r, scope_tenant(api), &statements[with_password],
                              values.list, &rows);
    if (problem)
        return problem;
    forget_former(api);
    return rows_count(rows) > 0 ? read_answer(api, HTTP_OK, rows) : &problem_not_found;
}

const problem_t *write_remove(api_t *api)
{
    const resource_sql_t *sql = sql_of(api->route.resource);
    const problem_t *problem;
    values_t values = {.count = 0};
    rows_t *rows;

    scope_add(&values, api);
    values_add(&values, api->route.id);
    problem = database_change(scope_database(api), api->r, scope_tenant(api),
                              api->route.by_key ? &sql->remove_by_key : &sql->remove, values.list, &rows);
    if (problem)
        return problem;
    forget_former(api);
    if (rows_count(rows) > 0)
        return api_answered(api, reply_empty(api->r, HTTP_NO_CONTENT));
    return api->route.resource->removable ? admin_why_kept(api) : &problem_not_found;
}
