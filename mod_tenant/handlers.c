/* SPDX-License-Identifier: Apache-2.0 */
#include "handlers.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>

#include "api/api.h"
#include "api/steps.h"
#include "config.h"
#include "http/exchange.h"
#include "metrics/label.h"
#include "monitor/steps.h"
#include "resource/resources.h"
#include "twilio/steps.h"
#include "twilio/twilio.h"

static const handler_t handlers[] = {
    {.name = "api", .steps = api_steps, .size = sizeof(api_t), .explains = 1},
    {.name = "admin", .steps = admin_steps, .size = sizeof(api_t), .explains = 1, .spans_tenants = 1},
    {.name = "twilio", .steps = webhook_steps, .size = sizeof(webhook_t), .takes_webhooks = 1},
    {.name = "metrics", .steps = metrics_steps, .size = sizeof(exchange_t)},
    {.name = "off"},
};

enum { HANDLERS = sizeof handlers / sizeof *handlers };

const handler_t *handlers_find(const char *name)
{
    for (int i = 0; i < HANDLERS; i++) {
        if (strcasecmp(handlers[i].name, name) == 0)
            return &handlers[i];
    }
    return NULL;
}

const char *handlers_names(apr_pool_t *pool)
{
    const char *names = handlers[0].name;

    for (int i = 1; i < HANDLERS; i++)
        names = apr_pstrcat(pool, names, i < HANDLERS - 1 ? ", " : " or ", handlers[i].name, NULL);
    return names;
}

void handlers_add_routes(void)
{
    for (const handler_t *handler = handlers; handler->steps; handler++)
        label_add_route(handler->name, label_no_resource);
    label_add_route(label_gateway, label_no_resource);
    for (const handler_t *handler = handlers; handler->steps; handler++) {
        for (const resource_t *resource = resources; handler->explains && resource->name; resource++) {
            if (resource->spans_tenants == handler->spans_tenants)
                label_add_route(handler->name, resource->name);
        }
    }
}

/* Whether the path, by what a rewriting module may have made of it by now, is in a Location of ours. Ahead of
 * map_to_storage httpd has set the directory settings back to the server's. */
static int is_ours(request_rec *r)
{
    ap_conf_vector_t *settings = r->per_dir_config;
    int entered = config_enter_location(r, config_is_ours);

    r->per_dir_config = settings;
    return entered;
}

/* The name of our content handler, and of the file that there is not. Nobody else's handler answers to it;
 * and where there is one httpd does not look for what to answer with instead, as FallbackResource does. It
 * has no slash, so that no folder is searched for what may be meant (MultiViews, CheckSpelling), and does not
 * depend on the client's path: mod_mime takes encodings and filters from its end. */
static const char handler_name[] = "mod_tenant";

static void claim(request_rec *r)
{
    r->filename = apr_pstrdup(r->pool, handler_name);
    r->handler = handler_name;
}

int handlers_translate(request_rec *r)
{
    if (!is_ours(r))
        return DECLINED;
    claim(r);
    return OK;
}

/* Where handlers_translate() has not been asked another module has claimed the path: a proxy, an alias, a
 * rule that has made it a file's name. The query that such a rule has made goes with the path that it has
 * made, which is ours only where it has passed it on ([PT]). */
int handlers_map_to_storage(request_rec *r)
{
    if (!is_ours(r))
        return DECLINED;
    if (r->handler != handler_name) {
        char *path = apr_pstrdup(r->pool, r->parsed_uri.path); /* as it came, in escapes */

        r->proxyreq = PROXYREQ_NONE;
        if (path && ap_unescape_url(path) == OK && strcmp(r->uri, path) == 0)
            r->args = r->parsed_uri.query;
        claim(r);
    }
    return OK;
}

int handlers_run(request_rec *r)
{
    const handler_t *handler = config_location(r)->handler;

    return handler && handler->steps ? exchange_run(r, handler) : DECLINED;
}
