/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_WATCH_H
#define TENANT_GATEWAY_WATCH_H

#include "gateway.h"

/* Watches Twilio's answer to a request on its way to the client:
 *
 * - a redirect is no answer: whoever follows it takes the tenant's key to another host;
 * - of its headers the client gets those that speak of the answer, and none that speaks for a host;
 * - JSON up to 64 KiB is handed on when the whole of it is there, unchanged: what breaks off is no answer;
 * - what a request has made is stored (receipt_store()), once the client has its answer.
 *
 * Instead of what is no answer there is an error (fault.h). */
void watch_begin(gateway_t *gateway);

/* mod_proxy's hook create_req, of the record that it reads an answer into: bounds what comes ahead of the
 * body. */
int watch_head(request_rec *r, request_rec *answer);

/* Registers the filters. */
void watch_register(void);

#endif
