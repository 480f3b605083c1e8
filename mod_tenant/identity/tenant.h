/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_TENANT_H
#define TENANT_IDENTITY_TENANT_H

#include "../mod_tenant.h"

/* The tenant that a request has been found to be of, by whichever hook asked first; NULL when nobody asked or
 * it is nobody's. Never looks anything up. Works in subrequests and after internal redirects. */
const tenant_t *tenant_get(const request_rec *r);

/* The request that the client sent, of which r may be a subrequest or an internal redirect. What is found out
 * lives in its pool: a subrequest's is gone sooner. */
request_rec *tenant_origin(const request_rec *r);

/* The status as the database has it, and how the tenant was found: `host`, `key`, `user`, `twilio`. */
const char *tenant_status(const tenant_t *tenant);
const char *tenant_via(const tenant_t *tenant);

/* A name as headers, logs and CGIs may have it, in pool: a legacy row may hold control characters, which
 * become spaces. */
const char *tenant_shown_name(const char *name, apr_pool_t *pool);

/* A copy, texts and all, in pool; NULL of NULL. */
const tenant_t *tenant_copy(const tenant_t *tenant, apr_pool_t *pool);

/* Makes a tenant known to the rest of httpd: TENANT_ID, TENANT_NAME, TENANT_STATUS, TENANT_VIA,
 * TENANT_USER_ID in subprocess_env. */
void tenant_export(request_rec *r, const tenant_t *tenant);

#endif
