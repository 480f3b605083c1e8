/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "plan.h"

APLOG_USE_MODULE(tenant);

/* connect, read and server errors */
#define RETRIES "#rc=3&rp=ct,rt,5xx"

/* Scheme and authority, without a slash at the end. */
static const char *origin_of(const exchange_t *exchange)
{
    request_rec *r = exchange->r;
    const char *host = apr_table_get(r->headers_in, "Host");
    const char *url;
    apr_size_t length;

    if (!exchange->location->public_url)
        return apr_pstrcat(r->pool, ap_http_scheme(r), "://", host ? host : ap_get_server_name(r), NULL);
    url = plan_text(r, exchange->location->public_url);
    if (!url)
        return NULL;
    if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "TenantPublicURL gives no URL: %s",
                      ap_escape_logitem(r->pool, url));
        return NULL;
    }
    length = strlen(url);
    return apr_pstrmemdup(r->pool, url, url[length - 1] == '/' ? length - 1 : length);
}

const char *address_of_request(const exchange_t *exchange)
{
    const request_rec *r = exchange->r;
    const char *origin = origin_of(exchange);
    const char *prefix = exchange->location->prefix;
    const char *base = config_base_path(exchange->location);
    const char *path = r->parsed_uri.path ? r->parsed_uri.path : "/";
    const char *query = r->parsed_uri.query;

    if (!origin)
        return NULL;
    if (strncmp(path, prefix, strlen(prefix)) == 0)
        path += strlen(prefix);
    else
        base = "";
    return apr_pstrcat(r->pool, origin, base, path, query ? "?" : NULL, query, NULL);
}

const char *address_of_webhook(const exchange_t *exchange, const char *name)
{
    const char *origin = origin_of(exchange);

    return origin ? apr_pstrcat(exchange->r->pool, origin, config_base_path(exchange->location), "/", name,
                                RETRIES, NULL)
                  : NULL;
}
