/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_PROVIDER_H
#define TENANT_IDENTITY_PROVIDER_H

#include <httpd.h>

/* Registers `AuthBasicProvider tenant`, which `AuthFormProvider` takes as well: users of the Host's tenant,
 * by e-mail address and password. r->user is the address as the client wrote it. */
void provider_register(apr_pool_t *pool);

/* The hooks check_authn and handler, ahead of all others. A provider can only say right, wrong, or that
 * something is amiss, of which mod_auth_basic and mod_auth_form make a 500: where that was a login that
 * nobody could judge now, these give the status that it has, 503 or 429, with Retry-After. */
int provider_check_authn(request_rec *r);
int provider_handle_form(request_rec *r);

#endif
