/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_EXCHANGE_H
#define TENANT_HTTP_EXCHANGE_H

#include <httpd.h>

#include "../config.h"
#include "../handler.h"
#include "../problem.h"

/* A request to a Location of ours and the answer to it, as far as every kind of handler needs to know them.
 * What a kind keeps besides is in a struct of its own, which begins with an exchange_t. */
typedef struct exchange_t {
    request_rec *r;
    const server_config_t *server;
    const location_config_t *location;

    const char *detail;         /* a sentence about the problem of this request */
    apr_array_header_t *errors; /* of problem_error_t */
    int answered;               /* the answer has been written; status is what the hook returns */
    int status;
} exchange_t;

/* Goes a request's way by the steps of its Location's handler, to its end or to the first problem, which is
 * answered. Returns what a handler returns. */
int exchange_run(request_rec *r, const handler_t *handler);

/* Notes what a hook returns once an answer is written. */
static inline const problem_t *exchange_answered(exchange_t *exchange, int status)
{
    exchange->answered = 1;
    exchange->status = status;
    return NULL;
}

/* The request's decoded path behind the Location's: "", "/", "/calls". NULL: it is in another Location, which
 * a subrequest or a rewrite can bring about. */
const char *exchange_path(const exchange_t *exchange);

/* The steps that kinds of handlers share. */

/* Never a redirect: what the request carried has already crossed the network, and its sender should learn so.
 * The problems of resolve_check_tls(). */
const problem_t *exchange_require_tls(exchange_t *exchange);

/* Answers OPTIONS, and refuses every other method: the path takes those in `allow`, the header's value.
 * problem_method_not_allowed. */
const problem_t *exchange_refuse_method(exchange_t *exchange, const char *allow);

/* Refuses a body that is announced to be too large (TenantMaxBody). problem_body_too_large. */
const problem_t *exchange_check_length(exchange_t *exchange);

/* Reads the request's body, which is wiped with the request's pool. problem_unsupported_media_type where it
 * is in a coding; those of body_read(). */
const problem_t *exchange_read_body(exchange_t *exchange, const char **bytes, apr_size_t *length);

#endif
