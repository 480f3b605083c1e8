/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_PROOF_H
#define TENANT_TWILIO_PROOF_H

#include "../http/exchange.h"

/* The step that finds whose account has signed a request (X-Twilio-Signature), and sets webhook_t.tenant.
 * The AccountSid that it names is no more than a hint to who is tried: the Host's tenant first, then
 * others. problem_signature_invalid; the problems of accounts_find(). A tenant whose requests begin or
 * cease to be refused gets a line in the log, and so do those that are nobody's. */
const problem_t *proof_of_sender(exchange_t *exchange);

#endif
