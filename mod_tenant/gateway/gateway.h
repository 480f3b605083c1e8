/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_GATEWAY_H
#define TENANT_GATEWAY_GATEWAY_H

#include "../http/exchange.h"
#include "../http/form.h"
#include "../http/gate.h"
#include "../identity/tenant.h"
#include "allowed.h"
#include "credentials.h"

/* A request for Twilio's REST API that a tenant has sent to a Location with TenantGateway on. mod_proxy takes
 * it there, once it has been allowed. */
typedef struct gateway_t {
    exchange_t exchange;
    const char *path;         /* what is asked of Twilio, as it is sent there, without a query */
    const allowed_t *allowed; /* what that is */
    const char *account;      /* the AccountSid in it */
    const tenant_t *tenant;   /* whose key the request has */
    credentials_t credentials;
    const char *body; /* of a POST, as it came */
    apr_size_t body_length;
    form_t form;      /* the same, read */
    const char *mark; /* stands for the credentials (injection.h); NULL: none are needed now */
    gate_pair_t seat; /* see seat.h */
    int code;         /* Twilio's code of what is wrong; 0: the one of the status */
} gateway_t;

/* Keeps what has been found out, for as long as the request lives, once it may go to Twilio. */
void gateway_keep(gateway_t *gateway);

/* The same of a request that may go there; NULL of any other one. */
gateway_t *gateway_find(const request_rec *r);

static inline gateway_t *gateway_of(exchange_t *exchange)
{
    return (gateway_t *)exchange;
}

#endif
