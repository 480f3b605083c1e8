/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_CREDENTIAL_H
#define TENANT_IDENTITY_CREDENTIAL_H

#include <httpd.h>

struct keyring_t;

/* What a request's headers say about an API key. */
typedef enum credential_kind_t {
    CREDENTIAL_NONE,
    CREDENTIAL_KEY,       /* one well-formed key */
    CREDENTIAL_MALFORMED, /* a Bearer token or X-API-Key that is no key of ours, or has a wrong checksum */
    CREDENTIAL_AMBIGUOUS, /* two different keys, or a repeated header */
} credential_kind_t;

typedef struct credential_t {
    credential_kind_t kind;
    const char *hashes; /* of a CREDENTIAL_KEY under every pepper: a text[] literal. The key itself is gone */
    int is_taken;       /* a header is no longer in headers_in */
} credential_t;

/* Reads `Authorization: Bearer`, `Authorization: Basic` with a key as the password or as the user name, and
 * `X-API-Key`. A key, or what was meant as one, is taken out of headers_in and wiped, so that no log, CGI or
 * backend ever sees it: httpd itself prints Authorization at trace4. Other credentials stay. */
void credential_take(request_rec *r, const struct keyring_t *keyring, credential_t *credential);

/* Makes the answer private: a cache that does not see that there was a key would keep it for others (RFC 9111
 * section 3.5). */
void credential_conceal(request_rec *r);

#endif
