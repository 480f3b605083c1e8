/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_EXPOSE_H
#define TENANT_IDENTITY_EXPOSE_H

#include <ap_expr.h>
#include <httpd.h>

/* Looks the tenant up for any content where `TenantIdentify on`, so that logs, CGIs and templates know it.
 * A hook wherever a request gets into other sections, ahead of those who may answer there: translate_name,
 * header_parser, and fixups for subrequests, which have no other. */
int expose_identify(request_rec *r);

/* The hook quick_handler: looks the tenant up, and makes the headers say it, by the path alone, for what a
 * cache answers, which may have a variant for each tenant, or nobody can decode. */
int expose_first(request_rec *r, int is_lookup);

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
