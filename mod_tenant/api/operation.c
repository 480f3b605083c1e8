/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include <apr_strings.h>

#include "../identity/resolve.h"
#include "../json/writer.h"
#include "../store/database.h"
#include "admin.h"
#include "reply.h"
#include "represent.h"
#include "rotation.h"
#include "sealed.h"
#include "sql.h"
#include "values.h"

/* What a row takes as JSON, about: room that need not grow. */
enum { ROW_SIZE = 320 };

/* The path of a resource, or of one of its rows. */
static const char *path_of(const api_t *api, const char *id)
{
    return apr_pstrcat(api->r->pool, api->location->prefix, "/", api->route.resource->name, id ? "/" : "",
                       id ? id : "", NULL);
}

static const problem_t *answer_row(api_t *api, int status, rows_t *rows)
{
    writer_t writer;

    writer_init(&writer, api->r->pool, ROW_SIZE);
    represent_row(&writer, api->route.resource, rows, 0);
    writer_literal(&writer, "\n");
    return api_answered(api, reply_json(api->r, status, &writer));
}

/* The tenant's id, where statements of the resource take one. */
static void add_tenant(values_t *values, const api_t *api)
{
    if (!api->route.resource->is_admin)
        values_add(values, api->tenant->id_text);
}

static database_t *database_of(const api_t *api)
{
    return api->route.resource->is_admin ? api->server->admin_database : api->server->database;
}

/* The tenant in whose scope a transaction runs. */
static int scope_of(const api_t *api)
{
    return api->route.resource->is_admin ? 0 : api->tenant->id;
}

static const problem_t *read_row(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const problem_t *problem;
    values_t values = {.count = 0};
    writer_t writer;
    rows_t *rows;

    add_tenant(&values, api);
    values_add(&values, api->route.id);
    problem = database_read(database_of(api), api->r, api->route.by_key ? &sql->read_by_key : &sql->read,
                            values.list, &rows);
    if (problem)
        return problem;
    if (rows_count(rows) > 0) {
        problem = resource->is_admin ? NULL : sealed_check(api, rows);
        return problem ? problem : answer_row(api, HTTP_OK, rows);
    }
    if (!resource->is_single)
        return &problem_not_found;
    writer_init(&writer, api->r->pool, ROW_SIZE);
    represent_absent(&writer, resource, api->tenant->id_text);
    writer_literal(&writer, "\n");
    return api_answered(api, reply_json(api->r, HTTP_OK, &writer));
}

/* The column of a field in an answer's rows. */
static int column_of(const resource_t *resource, const char *name)
{
    int column = 0;

    for (const field_t *field = resource->fields; strcmp(field->name, name) != 0; field++)
        column += field_is_readable(field);
    return column;
}

/* The path of the page behind row n. */
static const char *next_path(const api_t *api, rows_t *rows, int n)
{
    const resource_t *resource = api->route.resource;
    const char *created = NULL;
    apr_pool_t *pool = api->r->pool;

    rows_seek(rows, n);
    if (resource->order == ORDER_CREATED) {
        created = rows_text(rows, column_of(resource, "created_at"));
        if (created && strcmp(created, "infinity") != 0)
            created = represent_time(created, pool);
    }
    return apr_pstrcat(pool, path_of(api, NULL), "?",
                       page_next(&api->page, resource, rows_text(rows, 0), created, pool), NULL);
}

/* Writes a list of up to limit rows; one more than that tells that there is a next page. */
static const problem_t *answer_list(api_t *api, rows_t *rows)
{
    int more = rows_count(rows) > api->page.limit;
    int count = more ? api->page.limit : rows_count(rows);
    const char *next = more ? next_path(api, rows, count - 1) : NULL;
    writer_t writer;

    writer_init(&writer, api->r->pool, (apr_size_t)(count + 1) * ROW_SIZE);
    writer_literal(&writer, "{\"data\":[");
    for (int n = 0; n < count; n++) {
        if (n > 0)
            writer_literal(&writer, ",");
        represent_row(&writer, api->route.resource, rows, n);
    }
    writer_literal(&writer, "],\"next\":");
    writer_text(&writer, next);
    writer_literal(&writer, "}\n");
    if (next)
        apr_table_setn(api->r->headers_out, "Link",
                       apr_pstrcat(api->r->pool, "<", next, ">; rel=\"next\"", NULL));
    return api_answered(api, reply_json(api->r, HTTP_OK, &writer));
}

static const problem_t *list(api_t *api)
{
    const page_t *page = &api->page;
    const problem_t *problem;
    values_t values = {.count = 0};
    statement_t statement;
    rows_t *rows;

    add_tenant(&values, api);
    for (int i = 0; i < page->filter_count; i++)
        values_add(&values, page->filters[i].value);
    if (page->is_after && api->route.resource->order == ORDER_CREATED)
        values_add(&values, page->created);
    if (page->is_after)
        values_add(&values, page->id);
    values_add(&values, apr_itoa(api->r->pool, page->limit + 1));
    sql_list(&statement, api->route.resource, page, api->r->pool);
    problem = database_read(database_of(api), api->r, &statement, values.list, &rows);
    return problem ? problem : answer_list(api, rows);
}

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
                   path_of(api, ap_escape_path_segment(api->r->pool, rows_text(rows, 0))));
}

static const problem_t *create(api_t *api)
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
    add_tenant(&values, api);
    problem = database_insert(database_of(api), api->r, &sql_of(resource)->create, values.list, &rows);
    if (problem)
        return problem;
    if (rows_count(rows) == 0)
        return &problem_internal;
    forget_former(api);
    set_location(api, rows);
    return resource->is_admin ? admin_answer_new(api, rows) : answer_row(api, HTTP_CREATED, rows);
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

static const problem_t *update(api_t *api)
{
    const resource_t *resource = api->route.resource;
    const resource_sql_t *sql = sql_of(resource);
    const statement_t *statements = sql->upsert;
    const problem_t *problem;
    values_t values = {.count = 0};
    int with_password;
    rows_t *rows;

    if (api->input.count == 0)
        return read_row(api); /* nothing to write; whether there is a row is still said */
    if (resource->is_single && !resource->is_profile) {
        add_tenant(&values, api);
        for (int n = 0; resource->fields[n].name; n++) {
            if (field_is_updatable(&resource->fields[n]))
                values_add(&values, api->input.values[n]);
        }
        with_password = add_assignments(&values, api);
    } else {
        statements = api->route.by_key ? sql->update_by_key : sql->update;
        with_password = add_assignments(&values, api);
        add_tenant(&values, api);
        if (!resource->is_profile)
            values_add(&values, api->route.id);
    }
    problem = database_change(database_of(api), api->r, scope_of(api), &statements[with_password],
                              values.list, &rows);
    if (problem)
        return problem;
    forget_former(api);
    return rows_count(rows) > 0 ? answer_row(api, HTTP_OK, rows) : &problem_not_found;
}

static const problem_t *remove_row(api_t *api)
{
    const resource_sql_t *sql = sql_of(api->route.resource);
    const problem_t *problem;
    values_t values = {.count = 0};
    rows_t *rows;

    add_tenant(&values, api);
    values_add(&values, api->route.id);
    problem = database_change(database_of(api), api->r, scope_of(api),
                              api->route.by_key ? &sql->remove_by_key : &sql->remove, values.list, &rows);
    if (problem)
        return problem;
    forget_former(api);
    if (rows_count(rows) > 0)
        return api_answered(api, reply_empty(api->r, HTTP_NO_CONTENT));
    return api->route.resource->removable ? admin_why_kept(api) : &problem_not_found;
}

static const problem_t *rotate(api_t *api)
{
    return api->route.resource->is_admin ? admin_rotate(api) : rotation_run(api);
}

/* Whether a resource belongs into this index. */
static int is_listed(const resource_t *resource, const api_t *api)
{
    return resource->is_admin == (api->location->handler == HANDLER_ADMIN);
}

const problem_t *operation_run(api_t *api)
{
    switch (api->r->method_number) {
    case M_POST:
        return api->route.kind == ROUTE_ROTATION ? rotate(api) : create(api);
    case M_PATCH:
        return update(api);
    case M_DELETE:
        return remove_row(api);
    default:
        return api->route.kind == ROUTE_COLLECTION ? list(api) : read_row(api);
    }
}

const problem_t *operation_index(api_t *api)
{
    const char *separator = "{";
    writer_t writer;

    writer_init(&writer, api->r->pool, 512);
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!is_listed(resource, api))
            continue;
        writer_raw(&writer, separator, 1);
        writer_text(&writer, resource->name);
        writer_literal(&writer, ":");
        writer_text(&writer, apr_pstrcat(api->r->pool, api->location->prefix, "/", resource->name, NULL));
        separator = ",";
    }
    writer_literal(&writer, "}\n");
    return api_answered(api, reply_json(api->r, HTTP_OK, &writer));
}
