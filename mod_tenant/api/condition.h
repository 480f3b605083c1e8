/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_CONDITION_H
#define TENANT_API_CONDITION_H

#include "../resource/named.h"
#include "api.h"

/* If-Match and If-None-Match (RFC 9110 section 13) of requests for one row, or a file. Elsewhere they are not
 * looked at, and neither are If-Modified-Since and If-Unmodified-Since
 * anywhere: no answer has a Last-Modified. */

/* Reads them. problem_bad_header. */
const problem_t *condition_check(exchange_t *exchange);

/* Whether the request has any. */
int condition_is_given(const api_t *api);

/* Gives the versions that a statement takes. */
void condition_give(given_t *given, const api_t *api);

/* Whether the row of a single resource may be made by this request: not where it asks for a row. */
int condition_allows_new(const api_t *api);

/* Sets ETag to the tag of the first of rows, and returns it; of a single resource without a row rows is NULL.
 * An answer of the former release that was kept has no version, and gets no ETag: NULL. */
const char *condition_set_tag(const api_t *api, rows_t *rows);

/* Sets ETag to a tag, and holds the request's conditions against it. *is_known: the client of a GET has this
 * version, so that 304 is the answer. problem_precondition_failed. */
const problem_t *condition_hold(api_t *api, const char *tag, int *is_known);

/* The same for the tag of the first of rows; 304 is answered (api->exchange.answered). */
const problem_t *condition_judge(api_t *api, rows_t *rows);

#endif
