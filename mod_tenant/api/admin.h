/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_ADMIN_H
#define TENANT_API_ADMIN_H

#include "api.h"

/* What an administrator's request has to pass in place of a tenant's key: httpd has authenticated a user by a
 * provider other than ours. `Require local` alone does not do:
 * behind a local proxy everybody is local. problem_admin_unprotected. */
const problem_t *admin_check_user(exchange_t *exchange);

/* Whether there is a database to ask. A virtual host with a TenantDatabase of its own has the admin Location
 * of the main server, and not its admin=. problem_misconfigured. */
const problem_t *admin_check_database(exchange_t *exchange);

/* Ahead of a create: takes the new tenant's id, which its sealed secrets are bound to,
 * and makes its API key. */
const problem_t *admin_prepare(exchange_t *exchange);

/* Answers with the new tenant, and with its API key this once. */
const problem_t *admin_answer_new(api_t *api, rows_t *rows);

/* POST /tenants/{id}/key: gives the tenant a new API key. */
const problem_t *admin_rotate(api_t *api);

/* Refuses to remove a tenant that is there and active. problem_tenant_active. */
const problem_t *admin_refuse_removal(api_t *api);

#endif
