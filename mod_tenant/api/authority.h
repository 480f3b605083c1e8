/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_AUTHORITY_H
#define TENANT_API_AUTHORITY_H

#include "../resource/rights.h"
#include "api.h"

/* What is wrong with a request's credentials without asking the database. A key decides; without one, a
 * user's login where TenantUserAuthority lets users in, or the Host where TenantPublicRead allows it. The
 * problems of resolve_check_key(); problem_cross_site for a login. */
const problem_t *authority_check(exchange_t *exchange);

/* Finds api->scope.tenant, whose rows the request may touch in the way that it asks for. The problems of
 * resolve_key(), user_login() and resolve_host(); problem_user_forbidden. */
const problem_t *authority_prove(exchange_t *exchange);

/* What the request may do, by whom authority_prove() has found to ask. Of tokens a user has RIGHT_OWN, which
 * who reads the body holds it to. */
right_t authority_right(const api_t *api);

/* Whether what authority_prove() found is still true, for an answer that takes long: the key, or the login,
 * and the tenant. The first call is to come soon after that.
 * All memory is taken from pool. The problems of authority_prove(). */
const problem_t *authority_confirm(api_t *api, apr_pool_t *pool);

#endif
