/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_ADDRESS_H
#define TENANT_TWILIO_ADDRESS_H

#include "../http/exchange.h"

/* The URLs by which Twilio reaches us. All are in the request's pool; NULL: TenantPublicURL cannot be
 * evaluated, or is none, which is logged. */

/* The URL that the request was sent to, its path and query byte by byte as they came: what Twilio signs. */
const char *address_of_request(const exchange_t *exchange);

/* The URL of a webhook of this Location, `call-status` say. Its fragment makes Twilio repeat a request
 * that fails on the way, times out or is answered 5xx, three times: otherwise it repeats only what fails
 * to connect. */
const char *address_of_webhook(const exchange_t *exchange, const char *name);

#endif
