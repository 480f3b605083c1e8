/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_STEPS_H
#define TENANT_TWILIO_STEPS_H

#include "../handler.h"

/* The way of a request to a Location with TenantHandler twilio. What is kept of it is a webhook_t. */
extern handler_step_fn *const webhook_steps[];

#endif
