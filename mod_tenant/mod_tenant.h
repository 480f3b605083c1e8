/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOD_TENANT_H
#define MOD_TENANT_H

/* What other modules may know of a request's tenant.
 *
 *     static APR_OPTIONAL_FN_TYPE(tenant_of_request) *tenant_of_request_fn;
 *     tenant_of_request_fn = APR_RETRIEVE_OPTIONAL_FN(tenant_of_request);     // in optional_fn_retrieve
 *     const tenant_t *tenant = tenant_of_request_fn ? tenant_of_request_fn(r) : NULL;
 */

#include <apr_optional.h>
#include <httpd.h>

/* How a request was found to be a tenant's. */
typedef enum tenant_via_t {
    TENANT_VIA_HOST,   /* by its Host: identifies, but gives no authority */
    TENANT_VIA_KEY,    /* by an API key */
    TENANT_VIA_USER,   /* by a login at the tenant's Host */
    TENANT_VIA_TWILIO, /* by the signature of a webhook of Twilio's */
} tenant_via_t;

/* A tenant, in the pool of the request that it was found for. */
typedef struct tenant_t {
    int id;              /* tenants.id, above 0 */
    const char *id_text; /* the same in decimal */
    const char *name;    /* the tenant chooses it: it never authorises */
    const char *domain;  /* its own host name, or NULL */
    int is_active;
    tenant_via_t via;
    const char *rate_limit; /* its own, `N/TIME [burst=N]`, or NULL: the server's (TenantRateLimit) */
    const char *user;       /* users.id of who has logged in, where that is how it was found; else NULL */
    int is_moving;          /* of one that is not active: it is on its way to this database, or … */
    int has_moved;          /* from it */
} tenant_t;

/* The tenant of a request, looked up at first use: by its key or login where it carries one, else by its
 * Host. NULL: it is nobody's, the key is wrong, or the database cannot be asked. Ask is_active ahead of
 * letting it act.
 */
APR_DECLARE_OPTIONAL_FN(const tenant_t *, tenant_of_request, (request_rec * r));

#endif
