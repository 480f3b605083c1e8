/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_CONTENT_H
#define TENANT_API_CONTENT_H

#include "api.h"

/* What a request brings: steps that have nothing to do where the method has no body. */

/* Says in what a PATCH may come (RFC 5789 section 3.1). */
void content_advertise_patch(request_rec *r);

/* problem_unsupported_media_type. */
const problem_t *content_check_type(exchange_t *exchange);

/* Refuses what is announced to be too large. problem_body_too_large. */
const problem_t *content_check_length(exchange_t *exchange);

/* Reads the body into api->input. problem_bad_json, problem_invalid, and those of body_read(). */
const problem_t *content_read(exchange_t *exchange);

/* Turns passwords and secrets in api->input into what is stored of them (input_protect()). */
const problem_t *content_protect(exchange_t *exchange);

#endif
