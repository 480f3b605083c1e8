/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_ACCESS_H
#define TENANT_TWILIO_ACCESS_H

#include <apr_pools.h>
#include <stdint.h>

/* Access tokens: what a program with one of Twilio's Voice SDKs shows Twilio, so that it needs no credential
 * of the account's. They are byte for byte what Twilio's own library makes (t/twilio/token.t). */

/* What a token says. */
typedef struct access_t {
    const char *account_sid;
    const char *api_key_sid; /* whose secret signs it */
    const char *identity;    /* the client's name */
    int64_t issued_at;       /* seconds since 1970 */
    int ttl;                 /* how long it holds, in seconds */

    /* the voice grant */
    int incoming_allow;              /* the client may be called */
    const char *application_sid;     /* where its calls go; NULL: it may make none */
    const char *params;              /* what that gets as well: a JSON object of texts; NULL: nothing */
    const char *push_credential_sid; /* or NULL */
} access_t;

/* The token, signed with the API key's secret. In pool, wiped with it. */
const char *access_sign(const access_t *access, const char *secret, apr_size_t secret_length,
                        apr_pool_t *pool);

/* What a tenant's user is called at Twilio, which takes letters, digits and `_`: the user's id, of which each
 * other byte, and `_` itself, is `_` and two hexadecimal digits. So no two users have the same. In pool. */
const char *access_identity(const char *user, apr_pool_t *pool);

#endif
