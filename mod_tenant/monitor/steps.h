/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_MONITOR_STEPS_H
#define TENANT_MONITOR_STEPS_H

#include "../handler.h"

/* A scrape of the server's figures (TenantHandler metrics). It keeps an exchange_t of a request. */
extern handler_step_fn *const metrics_steps[];

#endif
