/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <apr_strings.h>
#include <string.h>

#include "../identity/resolve.h"
#include "../identity/vary.h"
#include "../metrics/tally.h"
#include "body.h"
#include "linger.h"
#include "reply.h"

static int walk(exchange_t *exchange, handler_step_fn *const *step)
{
    const problem_t *problem = NULL;

    for (; *step && !problem && !exchange->answered; step++)
        problem = (*step)(exchange);
    if (!problem)
        return exchange->status;
    if (body_discard(exchange->r) != OK)
        return AP_FILTER_ERROR;
    return reply_problem(exchange->r, exchange->location, problem, exchange->detail, exchange->errors);
}

int exchange_run(request_rec *r, const handler_t *handler)
{
    exchange_t *exchange = apr_pcalloc(r->pool, handler->size);
    int status;

    exchange->r = r;
    exchange->server = config_server(r->server);
    exchange->location = config_location(r);
    tally_begin(r->pool, handler->name);
    vary_forbid(r); /* mod_cache may be told to keep what is private */
    linger_begin(r);
    status = walk(exchange, handler->steps);
    linger_end(r);
    return status;
}

const char *exchange_path(const exchange_t *exchange)
{
    const char *prefix = exchange->location->prefix;
    apr_size_t length = strlen(prefix);

    return strncmp(exchange->r->uri, prefix, length) == 0 ? exchange->r->uri + length : NULL;
}

const problem_t *exchange_require_tls(exchange_t *exchange)
{
    const problem_t *problem = resolve_check_tls(exchange->r);

    if (problem)
        exchange->detail = "Send this request by HTTPS, and replace the API key if it carried one.";
    return problem;
}

const problem_t *exchange_refuse_method(exchange_t *exchange, const char *allow)
{
    request_rec *r = exchange->r;

    apr_table_setn(r->headers_out, "Allow", allow);
    return r->method_number == M_OPTIONS ? exchange_answered(exchange, reply_empty(r, HTTP_NO_CONTENT))
                                         : &problem_method_not_allowed;
}

static const problem_t *body_too_large(exchange_t *exchange)
{
    exchange->detail = apr_psprintf(exchange->r->pool, "The body may have at most %d bytes.",
                                    config_max_body(exchange->location));
    return &problem_body_too_large;
}

const problem_t *exchange_check_length(exchange_t *exchange)
{
    const char *length = apr_table_get(exchange->r->headers_in, "Content-Length");

    if (length && apr_atoi64(length) > config_max_body(exchange->location))
        return body_too_large(exchange);
    return NULL;
}

/* Whether the body is in a coding that no filter of httpd's has undone: mod_deflate takes the header away as
 * it decodes. */
static int is_encoded(const request_rec *r)
{
    const char *coding = apr_table_get(r->headers_in, "Content-Encoding");

    return coding && strcasecmp(coding, "identity") != 0;
}

/* RFC 9110 section 12.5.3. */
static const problem_t *refuse_coding(exchange_t *exchange)
{
    apr_table_setn(exchange->r->headers_out, "Accept-Encoding", "identity");
    exchange->detail = "The body must not be compressed or otherwise encoded.";
    return &problem_unsupported_media_type;
}

const problem_t *exchange_read_body(exchange_t *exchange, const char **bytes, apr_size_t *length)
{
    int answered;
    char *body;
    const problem_t *problem =
        body_read(exchange->r, (apr_size_t)config_max_body(exchange->location), &body, length, &answered);

    if (answered)
        return exchange_answered(exchange, AP_FILTER_ERROR);
    if (problem)
        return problem == &problem_body_too_large ? body_too_large(exchange) : problem;
    *bytes = body;
    return is_encoded(exchange->r) ? refuse_coding(exchange) : NULL;
}
