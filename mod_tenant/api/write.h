/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_WRITE_H
#define TENANT_API_WRITE_H

#include "api.h"

/* Creates, updates or removes a row, as the request's body and path say, and answers it. Conflicts of the
 * resource's table; problem_not_found. */
const problem_t *write_create(api_t *api);
const problem_t *write_update(api_t *api);
const problem_t *write_remove(api_t *api);

#endif
