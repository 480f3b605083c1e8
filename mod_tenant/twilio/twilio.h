/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_TWILIO_H
#define TENANT_TWILIO_TWILIO_H

#include "../http/exchange.h"
#include "../http/form.h"
#include "../identity/tenant.h"
#include "event.h"

struct webhook_t;

/* Answers it. */
typedef const problem_t *hook_answer_fn(struct webhook_t *webhook);

/* A webhook, by the last segment of its path. */
typedef struct hook_t {
    const char *name;
    event_kind_t event;
    int is_asked; /* somebody is on the line, so there is an answer even where nothing could be stored */
    hook_answer_fn *answer;

    /* Answers where the database is away and it cannot be known whose it is. NULL: with that problem, so that
     * Twilio asks its fallback URL. */
    hook_answer_fn *without_database;
} hook_t;

/* A request of Twilio's. */
typedef struct webhook_t {
    exchange_t exchange;
    const hook_t *hook; /* which one it is */
    int is_form;        /* what it tells is a form's; otherwise body is JSON */
    const char *body;   /* as it came; NULL of a GET */
    apr_size_t body_length;
    form_t form;            /* what it tells */
    event_t event;          /* the same, understood */
    const tenant_t *tenant; /* whose account has signed it; NULL until that is proven */
} webhook_t;

/* The request whose way a step is part of. */
static inline webhook_t *webhook_of(exchange_t *exchange)
{
    return (webhook_t *)exchange;
}

#endif
