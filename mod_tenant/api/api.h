/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_API_H
#define TENANT_API_API_H

#include <httpd.h>

#include "../config.h"
#include "../http/etag.h"
#include "../identity/tenant.h"
#include "../json/writer.h"
#include "../resource/input.h"
#include "../resource/page.h"
#include "../resource/route.h"
#include "../store/row.h"

/* The media types of a list by their indexes. */
enum { LIST_JSON, LIST_NDJSON, LIST_CSV };

/* One request to the API, as far as it has been understood. */
typedef struct api_t {
    request_rec *r;
    const server_config_t *server;
    const location_config_t *location;
    route_t route;
    int media;                           /* the answer's: its index among those of the route; -1: none */
    page_t page;                         /* of a list */
    etag_list_t if_match, if_none_match; /* of a request for one row */
    const tenant_t *tenant;              /* whose rows may be touched; NULL until that is proven */
    const char *login;                   /* what a user's rests on, once authority_confirm() has asked */
    const char *idempotency_key;         /* of a create or rotation: RESOURCE/KEY; else NULL */
    const char *body;                    /* of a create or update, as it came */
    apr_size_t body_length;
    input_t input;       /* the same, understood */
    const char *new_key; /* an API key that this request makes */

    const char *detail;         /* a sentence about the problem of this request */
    apr_array_header_t *errors; /* of problem_error_t */
    int answered;               /* the answer has been written; status is what the hook returns */
    int status;
} api_t;

/* Notes what a hook returns once an answer is written. */
static inline const problem_t *api_answered(api_t *api, int status)
{
    api->answered = 1;
    api->status = status;
    return NULL;
}

#endif
