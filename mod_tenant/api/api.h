/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_API_H
#define TENANT_API_API_H

#include <httpd.h>

#include "../http/etag.h"
#include "../http/exchange.h"
#include "../identity/tenant.h"
#include "../json/writer.h"
#include "../resource/input.h"
#include "../resource/page.h"
#include "../resource/route.h"
#include "../store/database.h"
#include "../store/row.h"

/* What an answer can be written as. */
typedef enum answer_form_t {
    FORM_NONE, /* nothing that Accept takes */
    FORM_JSON,
    FORM_NDJSON,
    FORM_CSV,
    FORM_HTML,
    FORM_FILE, /* as a file is that is kept for all */
} answer_form_t;

/* What a request may reach. */
typedef struct scope_t {
    database_t *database;   /* the administrator has connections of its own */
    const tenant_t *tenant; /* whose rows alone; NULL: those of all tenants, for an administrator */
} scope_t;

/* One request to the API, as far as it has been understood. */
typedef struct api_t {
    exchange_t exchange;
    route_t route;
    answer_form_t form;                  /* the answer's */
    page_t page;                         /* of a list */
    etag_list_t if_match, if_none_match; /* of a request for one row */
    scope_t scope;                       /* nothing until authority is proven */
    const char *login;                   /* what a user's rests on, once authority_confirm() has asked */
    const char *idempotency_key;         /* of a create or rotation: RESOURCE/KEY; else NULL */
    const char *body;                    /* of a create or update, as it came */
    apr_size_t body_length;
    input_t input;       /* the same, understood */
    const char *new_key; /* an API key that this request makes */
} api_t;

/* The request whose way a step is part of. */
static inline api_t *api_of(exchange_t *exchange)
{
    return (api_t *)exchange;
}

#endif
