/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_SOUND_H
#define TENANT_GATEWAY_SOUND_H

#include "../http/exchange.h"
#include "../identity/tenant.h"

/* A recording's sound as a part of the API: a redirect inside of httpd, which no client sees, to a Location
 * with TenantGateway on. */

/* Answers with the sound of a recording of a tenant who may have it, or what Range wants of it.
 * problem_not_found: the tenant has no account; the problems of credentials_read(). */
const problem_t *sound_send(exchange_t *exchange, const tenant_t *tenant, const char *sid,
                            const char *ending);

/* Whether a request has come there by such a redirect. */
int sound_is(const request_rec *r);

#endif
