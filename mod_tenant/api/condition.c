/* SPDX-License-Identifier: Apache-2.0 */
#include "condition.h"

#include "../http/etag.h"
#include "../http/reply.h"
#include "../resource/sql.h"
#include "scope.h"

/* Whether the request is for what has an entity tag. */
static int is_conditional(const api_t *api)
{
    int method = api->exchange.r->method_number;

    switch (api->route.kind) {
    case ROUTE_ROW:
    case ROUTE_SINGLE:
        return method == M_GET || method == M_PATCH || method == M_DELETE;
    case ROUTE_OPENAPI:
    case ROUTE_REFERENCE:
        return method == M_GET;
    default:
        return 0;
    }
}

const problem_t *condition_check(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const apr_table_t *headers = exchange->r->headers_in;

    if (!is_conditional(api) ||
        (etag_list_parse(&api->if_match, apr_table_get(headers, "If-Match"), exchange->r->pool) &&
         etag_list_parse(&api->if_none_match, apr_table_get(headers, "If-None-Match"), exchange->r->pool)))
        return NULL;
    exchange->detail = "If-Match and If-None-Match take * or a list of entity tags, such as ETag gives.";
    return &problem_bad_header;
}

int condition_is_given(const api_t *api)
{
    return api->if_match.is_given || api->if_none_match.is_given;
}

static uint64_t salt_of(const api_t *api)
{
    return etag_salt(sql_of(api->route.resource)->shape, scope_tenant(api));
}

void condition_give(given_t *given, const api_t *api)
{
    uint64_t salt = salt_of(api);

    if (api->if_none_match.is_any) { /* no version is right */
        given->single[NAME_IF_MATCH] = "{}";
        return;
    }
    given->single[NAME_IF_MATCH] =
        etag_list_versions(&api->if_match, salt, ETAG_STRONG, api->exchange.r->pool);
    given->single[NAME_IF_NONE_MATCH] =
        etag_list_versions(&api->if_none_match, salt, ETAG_WEAK, api->exchange.r->pool);
}

int condition_allows_new(const api_t *api)
{
    return (!api->if_match.is_given || etag_list_has(&api->if_match, ETAG_ABSENT, ETAG_STRONG)) &&
           !(api->if_none_match.is_given && etag_list_has(&api->if_none_match, ETAG_ABSENT, ETAG_WEAK));
}

const char *condition_set_tag(const api_t *api, rows_t *rows)
{
    const char *version, *tag = ETAG_ABSENT;

    if (rows) {
        rows_seek(rows, 0);
        version = rows_text(rows, sql_of(api->route.resource)->version_column);
        if (!version)
            return NULL;
        tag = etag_make(version, salt_of(api), api->exchange.r->pool);
    }
    apr_table_setn(api->exchange.r->headers_out, "ETag", tag);
    return tag;
}

const problem_t *condition_hold(api_t *api, const char *tag, int *is_known)
{
    *is_known = 0;
    apr_table_setn(api->exchange.r->headers_out, "ETag", tag);
    if (api->if_match.is_given && !etag_list_has(&api->if_match, tag, ETAG_STRONG))
        return &problem_precondition_failed;
    if (!api->if_none_match.is_given || !etag_list_has(&api->if_none_match, tag, ETAG_WEAK))
        return NULL;
    if (api->exchange.r->method_number != M_GET)
        return &problem_precondition_failed;
    *is_known = 1;
    apr_table_setn(api->exchange.r->headers_out, "ETag",
                   etag_list_spelling(&api->if_none_match, tag, api->exchange.r->pool));
    return NULL;
}

const problem_t *condition_judge(api_t *api, rows_t *rows)
{
    int is_known;
    const problem_t *problem = condition_hold(api, condition_set_tag(api, rows), &is_known);

    return problem || !is_known
               ? problem
               : exchange_answered(&api->exchange, reply_empty(api->exchange.r, HTTP_NOT_MODIFIED));
}
