/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_CREATION_H
#define TENANT_GATEWAY_CREATION_H

#include "../metrics/label.h"
#include "gateway.h"

/* Calls and messages that a tenant makes. */

/* Whether a request makes one. */
int creation_is(const gateway_t *gateway);

/* What it is among figures. */
label_creation_t creation_label(const gateway_t *gateway);

/* Whether it comes from the tenant's number, as TenantGatewayFrom wants it. NULL, or a sentence; *code is
 * Twilio's for it. */
const char *creation_check_sender(const gateway_t *gateway, int *code);

/* The form with what the client has left open: where Twilio tells us how it goes on, and of a call whether it
 * is recorded. In the request's pool. */
const char *creation_complete(const gateway_t *gateway, apr_size_t *length);

#endif
