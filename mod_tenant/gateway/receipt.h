/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_RECEIPT_H
#define TENANT_GATEWAY_RECEIPT_H

#include "gateway.h"

/* Stores the call or message that Twilio has made, by the text of its answer, as a webhook's event would be.
 * What cannot be stored is logged: the answer has been given by then, and callbacks bring the row later. */
void receipt_store(const gateway_t *gateway, const char *text, apr_size_t length);

#endif
