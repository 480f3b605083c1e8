/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_DELIVERY_H
#define TENANT_TENANTCTL_DELIVERY_H

#include <apr_pools.h>

/* A webhook's request: a POST of a form, with Twilio's patience (15 s) and no redirects. */
typedef struct delivery_t {
    const char *url;       /* http or https, taken byte by byte */
    const char *form;      /* application/x-www-form-urlencoded */
    const char *signature; /* X-Twilio-Signature */
    const char *ca;        /* a file of certificates that may have signed the server's; NULL: the system's */
    int is_insecure;       /* any certificate will do */
} delivery_t;

/* What came of it. */
typedef struct receipt_t {
    int status;       /* HTTP status */
    const char *type; /* Content-Type, or NULL */
    const char *body; /* UTF-8; cut at 64 KiB */
} receipt_t;

/* Sends it. NULL, or the sentence that says why there is no answer. All in pool. */
const char *delivery_send(receipt_t *receipt, const delivery_t *delivery, apr_pool_t *pool);

#endif
