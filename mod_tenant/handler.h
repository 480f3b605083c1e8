/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HANDLER_H
#define TENANT_HANDLER_H

#include <stddef.h>

#include "problem.h"

struct exchange_t;

/* One check or deed of a request's way. NULL: go on, unless the answer has been written. */
typedef const problem_t *handler_step_fn(struct exchange_t *exchange);

/* A kind of handler, as TenantHandler names it. */
typedef struct handler_t {
    const char *name;
    handler_step_fn *const *steps; /* in order, ended by NULL; NULL: nothing of ours answers */
    size_t size;        /* of what it keeps of a request: a struct that begins with an exchange_t */
    int explains;       /* it has pages of its problems, below problems/, which their types lead to */
    int takes_webhooks; /* Twilio is told to send its webhooks there */
    int spans_tenants;  /* it reaches rows of all tenants, by the administrator's connections */
} handler_t;

#endif
