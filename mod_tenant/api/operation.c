/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include <apr_strings.h>

#include "../gateway/sound.h"
#include "../http/reply.h"
#include "../json/member.h"
#include "../resource/resources.h"
#include "../resource/rights.h"
#include "admin.h"
#include "fetch.h"
#include "list.h"
#include "read.h"
#include "rotation.h"
#include "stream.h"
#include "tokens.h"
#include "write.h"

static const problem_t *rotate(api_t *api)
{
    return api->scope.tenant ? rotation_run(api) : admin_rotate(api);
}

static const problem_t *post(api_t *api)
{
    switch (api->route.kind) {
    case ROUTE_ROTATION:
        return rotate(api);
    case ROUTE_TOKEN:
        return tokens_run(api);
    default:
        return write_create(api);
    }
}

/* The row says whether there is such a recording; Twilio has its sound. */
static const problem_t *answer_sound(api_t *api)
{
    rows_t *rows;
    const problem_t *problem = fetch_row(api, &rows);

    return problem ? problem
                   : sound_send(&api->exchange, api->scope.tenant, api->route.id, api->route.sound->ending);
}

const problem_t *operation_run(exchange_t *exchange)
{
    api_t *api = api_of(exchange);

    switch (exchange->r->method_number) {
    case M_POST:
        return post(api);
    case M_PATCH:
        return write_update(api);
    case M_DELETE:
        return write_remove(api);
    default:
        if (api->route.kind == ROUTE_SOUND)
            return answer_sound(api);
        if (api->route.kind != ROUTE_COLLECTION)
            return read_run(api);
        return api->form == FORM_JSON ? list_run(api) : stream_run(api);
    }
}

static void write_link(writer_t *writer, const api_t *api, const char *name, const char *path)
{
    member_text(writer, name,
                apr_pstrcat(api->exchange.r->pool, config_base_path(api->exchange.location), "/", path,
                            NULL));
}

const problem_t *operation_index(api_t *api)
{
    writer_t writer;

    writer_init(&writer, api->exchange.r->pool, 512);
    member_object(&writer, NULL);
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (rights_reach(api->exchange.location, resource))
            write_link(&writer, api, resource->name, resource->name);
    }
    write_link(&writer, api, "openapi", "openapi.json");
    write_link(&writer, api, "problems", "problems");
    member_object_end(&writer);
    writer_literal(&writer, "\n");
    return exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_OK, &writer));
}
