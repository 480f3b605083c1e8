/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_BODY_H
#define TENANT_HTTP_BODY_H

#include <httpd.h>

#include "../problem.h"

/* Reads the request's body, at most max bytes of it, into memory that is wiped with the request's pool.
 * *answered is set where httpd itself has already sent the error (LimitRequestBody), so that nothing more may
 * be sent. problem_body_too_large, problem_request_timeout, problem_bad_request (a broken chunk, a client
 * that went away). */
const problem_t *body_read(request_rec *r, apr_size_t max, char **bytes, apr_size_t *length, int *answered);

/* Ahead of an early refusal: reads away what is left of the body if that is little, else has the connection
 * closed. OK, or AP_FILTER_ERROR where httpd itself has already sent an error,
 * so that nothing more may be sent. */
int body_discard(request_rec *r);

#endif
