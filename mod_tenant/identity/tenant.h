/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_TENANT_H
#define TENANT_IDENTITY_TENANT_H

#include <httpd.h>

/* How a request was found to be a tenant's. */
typedef enum tenant_via_t {
    TENANT_VIA_HOST, /* by its Host: identifies, but gives no authority */
    TENANT_VIA_KEY,  /* by an API key */
} tenant_via_t;

/* A tenant, in the pool of the request that it was found for. */
typedef struct tenant_t {
    int id;              /* tenants.id, above 0 */
    const char *id_text; /* the same in decimal, as statements want it */
    const char *name;    /* without control characters; a tenant may choose it: it never authorises */
    const char *domain;  /* its own host name, or NULL */
    int is_active;
    tenant_via_t via;
} tenant_t;

/* The tenant that a request has been found to be of, by whichever hook asked first; NULL when nobody asked or
 * it is nobody's. Never looks anything up. Works in subrequests and after internal redirects. */
const tenant_t *tenant_get(const request_rec *r);

/* Makes a tenant known to the rest of httpd: TENANT_ID, TENANT_NAME, TENANT_STATUS, TENANT_VIA in
 * subprocess_env. */
void tenant_export(request_rec *r, const tenant_t *tenant);

#endif
