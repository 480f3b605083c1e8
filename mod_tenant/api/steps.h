/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_STEPS_H
#define TENANT_API_STEPS_H

#include "../handler.h"

/* The way of a request to the API (TenantHandler api), and to the administrator's. What they keep of a
 * request is an api_t. */
extern handler_step_fn *const api_steps[];
extern handler_step_fn *const admin_steps[];

#endif
