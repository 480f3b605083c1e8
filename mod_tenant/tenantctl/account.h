/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_ACCOUNT_H
#define TENANT_TENANTCTL_ACCOUNT_H

#include "session.h"

/* A secret of an account. */
typedef struct account_secret_t {
    const char *text; /* opened; wiped with the session's pool; NULL: see why */
    apr_size_t length;
    const char *why; /* there is no text: a sentence's end; else NULL */
    int is_set;      /* something is stored */
} account_secret_t;

/* What the database has of a tenant's Twilio account. Texts are NULL where it has none. */
typedef struct account_t {
    const char *tenant; /* its id */
    int is_active;
    const char *domain; /* its Host */
    const char *sid;    /* AccountSid */
    const char *number; /* its phone number */
    int others;         /* tenants that claim the same AccountSid beside it */
    account_secret_t token;
    const char *api_key_sid; /* SK… */
    account_secret_t api_key_secret;
} account_t;

/* Reads a tenant's account, its secrets opened by the session's keys. Returns EXIT_…, having said what has
 * failed. */
int account_read(account_t *account, const session_t *session, const char *tenant);

#endif
