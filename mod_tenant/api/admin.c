/* SPDX-License-Identifier: Apache-2.0 */
#include "admin.h"

#include <http_log.h>

#include "../http/reply.h"
#include "../identity/origin.h"
#include "../identity/user.h"
#include "../json/member.h"
#include "../secret/apikey.h"
#include "../store/database.h"
#include "condition.h"
#include "once.h"
#include "rotation.h"
#include "scope.h"

APLOG_USE_MODULE(tenant);

static const statement_t next_id = {
    .label = "tenants_next_id",
    .shape = "I",
    .sql = "SELECT nextval(pg_get_serial_sequence('tenants', 'id'))::int",
};

const problem_t *admin_check_user(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    request_rec *r = exchange->r;

    api->scope.database = exchange->server->admin_database;
    if (r->user && r->ap_auth_type && strcasecmp(r->ap_auth_type, "Tenant") != 0 && !user_is_logged_in(r))
        return NULL;
    exchange->detail =
        "The Location needs an AuthType with a provider that is not mod_tenant's, and a Require.";
    return &problem_admin_unprotected;
}

const problem_t *admin_check_database(exchange_t *exchange)
{
    if (api_of(exchange)->scope.database)
        return NULL;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, exchange->r,
                  "TenantHandler admin: the TenantDatabase of this server has no admin=");
    return &problem_misconfigured;
}

const problem_t *admin_prepare(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    static const char *const nothing[] = {NULL};
    const problem_t *problem;
    rows_t *rows;

    if (exchange->r->method_number != M_POST)
        return NULL;
    api->new_key = rotation_make_key(api);
    if (api->route.kind == ROUTE_ROTATION)
        return NULL;
    problem = database_read(api->scope.database, exchange->r, 0, &next_id, nothing, &rows);
    if (problem)
        return problem;
    rows_seek(rows, 0);
    api->route.id = rows_text(rows, 0);
    return NULL;
}

const problem_t *admin_answer_new(api_t *api, rows_t *rows)
{
    writer_t *writer = once_writer(api, ROTATION_ANSWER_MAX);
    view_t view = scope_view(api, FIELDS_ALL);

    condition_set_tag(api, rows);
    represent_row_begin(writer, &view, rows, 0);
    member_text(writer, "api_key", api->new_key);
    member_object_end(writer);
    writer_literal(writer, "\n");
    return exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_CREATED, writer));
}

const problem_t *admin_rotate(api_t *api)
{
    /* a tenant without a key has nothing to retire */
    static const statement_t rotate = {
        .label = "tenants_rotate",
        .shape = "I",
        .sql = "UPDATE tenants SET api_key_hash = %s,"
               " retiring_api_key_hash = CASE WHEN %d::int > 0 AND " APIKEY_IS_SET " THEN api_key_hash END,"
               " retiring_api_key_expires_at = CASE WHEN %d::int > 0 AND " APIKEY_IS_SET
               " THEN now() + make_interval(secs => %d::int) END"
               " WHERE id = %d::int AND set_config('mod_tenant.origin', %s, true) IS NOT NULL RETURNING id",
    };
    const char *grace = rotation_grace(api);
    const char *values[] = {
        rotation_hash(api), grace, grace, grace, api->route.id, origin_text(api->exchange.r, NULL)};
    const problem_t *problem;
    rows_t *rows;

    problem = database_change(api->scope.database, api->exchange.r, 0, &rotate, values, &rows);
    if (problem)
        return problem;
    return rows_count(rows) > 0 ? rotation_answer(api) : &problem_not_found;
}

const problem_t *admin_refuse_removal(api_t *api)
{
    api->exchange.detail = "Set its status to inactive first: removing a tenant removes all of its rows.";
    return &problem_tenant_active;
}
