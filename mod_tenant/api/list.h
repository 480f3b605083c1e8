/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_LIST_H
#define TENANT_API_LIST_H

#include "../http/gate.h"
#include "api.h"

/* Answers the page of the collection that the query asks for. */
const problem_t *list_run(api_t *api);

/* Waits for the tenant's turn to read a list, where TenantPool lets each tenant do only so many at a time:
 * whoever asks for the slowest lists shall not occupy the database and the threads of all others. The place
 * is left as soon as the rows are written to memory. problem_rate_limited: in vain. */
const problem_t *list_enter(api_t *api, gate_place_t **place, apr_pool_t *pool);

#endif
