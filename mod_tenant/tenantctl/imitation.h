/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_IMITATION_H
#define TENANT_TENANTCTL_IMITATION_H

#include "../twilio/signature.h"
#include "account.h"
#include "options.h"

/* An event as Twilio would tell it. */
typedef struct imitation_t {
    const char *sid; /* of what it is about */
    form_t form;
} imitation_t;

/* The names of the events, as the webhooks' last segments have them: "voice, …". */
const char *imitation_names(apr_pool_t *pool);

int imitation_is_known(const char *name);

/* Makes an event, which is known, of a tenant's account; what the options do not say is invented. In pool. */
void imitation_make(imitation_t *imitation, const char *name, const account_t *account,
                    const options_t *options, apr_pool_t *pool);

/* A form as a request's body has it. */
const char *imitation_encode(const form_t *form, apr_pool_t *pool);

#endif
