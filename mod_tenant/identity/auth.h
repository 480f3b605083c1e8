/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_AUTH_H
#define TENANT_IDENTITY_AUTH_H

#include <httpd.h>

/* The hook check_authn for `AuthType Tenant`: who has a valid key is the user whose name is the tenant's id.
 * Answers with httpd's own error pages. */
int auth_check(request_rec *r);

/* The hook note_auth_failure for `AuthType Tenant`: the challenge,
 * which httpd sends with a 401 of its own. */
int auth_challenge(request_rec *r, const char *type);

/* Registers `Require tenant [id …]` and `Require tenant-host`. */
void auth_register(apr_pool_t *pool);

#endif
