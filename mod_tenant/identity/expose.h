/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_EXPOSE_H
#define TENANT_IDENTITY_EXPOSE_H

#include <ap_expr.h>
#include <httpd.h>

/* The hook fixups: looks the tenant up for any content where `TenantIdentify on`, so that logs, CGIs and
 * templates know it. */
int expose_identify(request_rec *r);

/* The hook expr_lookup: `%{TENANT:id}`, name, status, domain, via. */
int expose_expression(ap_expr_lookup_parms *parms);

/* The hook fixups: X-Tenant-Id and X-Tenant-Via for the backend where `TenantForward on`, instead of whatever
 * a client sent that a backend might take for them, in the head or behind the body. */
int expose_prepare_forward(request_rec *r);

/* mod_proxy's hook fixups: the same once more, behind the point at which a client's `Connection: x-tenant-id`
 * could strip the headers. */
int expose_forward(request_rec *r);

/* Registers the function for other modules (mod_tenant.h), and the filter. */
void expose_register(void);

#endif
