/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include "../http/linger.h"
#include "../http/reply.h"
#include "../json/member.h"
#include "../store/database.h"

int health_is_route(const route_t *route)
{
    return route->kind == ROUTE_LIVE || route->kind == ROUTE_READY;
}

/* Why the database of the Location cannot be used, or NULL. */
static const problem_t *check_database(const api_t *api)
{
    const server_config_t *server = api->exchange.server;
    database_t *database =
        api->exchange.location->handler->spans_tenants ? server->admin_database : server->database;

    return database ? database_prove(database) : &problem_misconfigured;
}

static const problem_t *check_readiness(const api_t *api)
{
    return linger_is_stopping() ? &problem_draining : check_database(api);
}

const problem_t *health_answer(api_t *api)
{
    const problem_t *problem = api->route.kind == ROUTE_READY ? check_readiness(api) : NULL;
    writer_t writer;

    if (problem)
        return problem;
    writer_init(&writer, api->exchange.r->pool, 64);
    member_object(&writer, NULL);
    member_text(&writer, "status", api->route.kind == ROUTE_READY ? "ready" : "live");
    member_object_end(&writer);
    writer_literal(&writer, "\n");
    return exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_OK, &writer));
}
