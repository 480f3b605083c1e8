/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include <apr_strings.h>
#include <http_log.h>
#include <mod_proxy.h>
#include <string.h>

#include "../http/body.h"
#include "../http/media.h"
#include "../identity/resolve.h"
#include "../identity/vary.h"
#include "../metrics/counters.h"
#include "../metrics/tally.h"
#include "creation.h"
#include "fault.h"
#include "feed.h"
#include "gateway.h"
#include "seat.h"
#include "sound.h"
#include "watch.h"

APLOG_USE_MODULE(tenant);

/* mod_ssl encrypts 8 KiB at a time: a longer URL might part what is injected behind it. */
enum { FIELDS_MAX = 512, URL_MAX = 6000 };

#define MEDIA_FORM "application/x-www-form-urlencoded"

/* What is said of a request that nothing is right with but its key. */
static const problem_t *refuse(exchange_t *exchange, const problem_t *problem, const char *why)
{
    exchange->detail = why;
    return problem;
}

/* Finds what is asked of Twilio, by the very URL that mod_proxy will send. */
static const problem_t *find_path(exchange_t *exchange)
{
    static const char scheme[] = "proxy:https://";
    request_rec *r = exchange->r;
    gateway_t *gateway = gateway_of(exchange);
    const char *path;

    if (!exchange->server->injections)
        return &problem_misconfigured;
    if (r->proxyreq != PROXYREQ_REVERSE || !r->filename ||
        strncmp(r->filename, scheme, sizeof scheme - 1) != 0) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "TenantGateway: no ProxyPass with https:// is for %s",
                      r->uri);
        return &problem_misconfigured;
    }
    path = strchr(r->filename + sizeof scheme - 1, '/');
    if (!allowed_is_plain(r->unparsed_uri) || !path || !allowed_is_plain(path))
        return refuse(exchange, &problem_bad_request,
                      "The path may have letters, digits and - . _ ~ between single slashes.");
    if (strlen(r->filename) > URL_MAX)
        return refuse(exchange, &problem_bad_request, "The URL is too long.");
    gateway->path = apr_pstrmemdup(r->pool, path, strcspn(path, "?"));
    gateway->allowed = allowed_find(gateway->path, &gateway->account);
    if (sound_is(r) && gateway->allowed && gateway->allowed->kind != ALLOWED_MEDIA)
        return &problem_internal;
    return gateway->allowed ? NULL
                            : refuse(exchange, &problem_not_found,
                                     "The gateway passes on calls, messages and "
                                     "recordings.");
}

static const problem_t *check_method(exchange_t *exchange)
{
    const allowed_t *allowed = gateway_of(exchange)->allowed;

    if (allowed_method(allowed, exchange->r))
        return NULL;
    apr_table_setn(exchange->r->headers_out, "Allow", allowed->allow);
    return &problem_method_not_allowed;
}

/* A POST tells all in its form, where it is looked at. */
static const problem_t *check_content(exchange_t *exchange)
{
    const request_rec *r = exchange->r;

    if (r->method_number != M_POST)
        return ap_request_has_body((request_rec *)r)
                   ? refuse(exchange, &problem_bad_request, "Only a POST has a body.")
                   : NULL;
    if (r->args)
        return refuse(exchange, &problem_bad_request,
                      "A POST has no query: parameters belong into its form.");
    if (!media_is(apr_table_get(r->headers_in, "Content-Type"), MEDIA_FORM) &&
        ap_request_has_body((request_rec *)r))
        return refuse(exchange, &problem_unsupported_media_type,
                      "Send a form (application/x-www-form-urlencoded).");
    return NULL;
}

static const problem_t *check_key(exchange_t *exchange)
{
    return sound_is(exchange->r) ? NULL : resolve_check_key(exchange->r);
}

/* The API has found out who asks for a sound: by a key, or by a user's login. */
static const problem_t *find_tenant(exchange_t *exchange)
{
    if (sound_is(exchange->r)) {
        gateway_of(exchange)->tenant = tenant_get(exchange->r);
        return gateway_of(exchange)->tenant ? NULL : &problem_internal;
    }
    return resolve_key(exchange->r, &gateway_of(exchange)->tenant);
}

/* A path of another account says what one of no account does. */
static const problem_t *find_account(exchange_t *exchange)
{
    gateway_t *gateway = gateway_of(exchange);
    const credentials_t *credentials = &gateway->credentials;
    const problem_t *problem =
        credentials_read(exchange->r, exchange->server, gateway->tenant, &gateway->credentials);

    if (problem)
        return problem;
    if (!credentials->account || strncmp(credentials->account, gateway->account, ALLOWED_SID_LENGTH) != 0)
        return refuse(exchange, &problem_not_found, "The account in the path is not the tenant's.");
    return credentials->basic ? NULL
                              : refuse(exchange, &problem_forbidden,
                                       "The tenant has no Twilio credentials: set "
                                       "twilio_api_key_sid and twilio_api_key_secret.");
}

static const problem_t *read_form(exchange_t *exchange)
{
    gateway_t *gateway = gateway_of(exchange);
    const problem_t *problem;
    const char *why;

    if (exchange->r->method_number != M_POST)
        return NULL;
    problem = exchange_read_body(exchange, &gateway->body, &gateway->body_length);
    if (problem || exchange->answered)
        return problem;
    why = form_parse(&gateway->form, gateway->body, gateway->body_length, FIELDS_MAX, exchange->r->pool);
    return why ? refuse(exchange, &problem_bad_request, why) : NULL;
}

static const problem_t *check_sender(exchange_t *exchange)
{
    gateway_t *gateway = gateway_of(exchange);
    const char *why;
    int code;

    if (!creation_is(gateway))
        return NULL;
    why = creation_check_sender(gateway, &code);
    if (!why)
        return NULL;
    gateway->code = code;
    return refuse(exchange, &problem_bad_request, why);
}

static const problem_t *take_seat(exchange_t *exchange)
{
    return seat_take(gateway_of(exchange));
}

/* Behind all that costs nothing: what is refused does not count. */
static const problem_t *check_rate(exchange_t *exchange)
{
    const attempts_rate_t rate = {config_gateway_rate(exchange->location), apr_time_from_sec(60), 0};
    const gateway_t *gateway = gateway_of(exchange);
    apr_interval_time_t wait;
    digest_t name;

    if (!creation_is(gateway))
        return NULL;
    name = attempts_name(exchange->server->creations, exchange->server->connect_name,
                         gateway->tenant->id_text, "", "");
    wait = attempts_take(exchange->server->creations, &rate, &name, NULL);
    if (wait == 0)
        return NULL;
    problem_set_wait(wait, exchange->r->err_headers_out);
    return refuse(exchange, &problem_rate_limited,
                  apr_psprintf(exchange->r->pool, "A tenant may make %d calls and messages a minute.",
                               rate.count));
}

static const problem_t *let_pass(exchange_t *exchange)
{
    gateway_t *gateway = gateway_of(exchange);
    apr_size_t length = gateway->body_length;

    if (creation_is(gateway))
        gateway->body = creation_complete(gateway, &length);
    if (gateway->body)
        feed_set(exchange->r, gateway->body, length);
    watch_begin(gateway);
    gateway_keep(gateway);
    COUNTERS_ADD(gateway_passed, creation_label(gateway), 1);
    return NULL;
}

/* clang-format off */

/* What costs nothing to refuse comes first; nothing asks the database that can be refused without it. */
static handler_step_fn *const steps[] = {
    exchange_require_tls,
    find_path,
    check_method,
    check_content,
    exchange_check_length,
    check_key,
    find_tenant,
    find_account,
    read_form,
    check_sender,
    take_seat,
    check_rate,
    let_pass,
    NULL,
};

/* clang-format on */

int gateway_run(request_rec *r)
{
    const problem_t *problem = NULL;
    gateway_t *gateway;
    exchange_t *exchange;

    if (!config_is_gateway(config_location(r)))
        return DECLINED;
    gateway = apr_pcalloc(r->pool, sizeof *gateway);
    exchange = &gateway->exchange;
    exchange->r = r;
    exchange->server = config_server(r->server);
    exchange->location = config_location(r);
    tally_begin(r->pool, label_gateway);
    vary_forbid(r); /* mod_cache may be told to keep what is private */
    for (handler_step_fn *const *step = steps; *step && !problem && !exchange->answered; step++)
        problem = (*step)(exchange);
    if (exchange->answered)
        return exchange->status;
    if (!problem)
        return DECLINED; /* mod_proxy's */
    gate_pair_leave(&gateway->seat);
    if (body_discard(r) != OK)
        return AP_FILTER_ERROR;
    return fault_answer(r, problem, gateway->code, exchange->detail);
}
