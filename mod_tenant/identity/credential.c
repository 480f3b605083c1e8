/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "../secret/apikey.h"

/* A header that may carry a key. */
typedef struct source_t {
    const char *header;
    char *value; /* the bytes in headers_in themselves: wiped where they were a key; NULL: no such header */
    char *token; /* the part of value that stands for a key; NULL: none does */
    credential_kind_t kind;
} source_t;

#define BEARER "Bearer "

/* The token of `Bearer TOKEN` (RFC 6750 section 2.1). Other schemes are not ours, unless a second
 * Authorization header, which httpd joins to the first with a comma, hides one. */
static char *bearer_token(char *value)
{
    if (strncasecmp(value, BEARER, sizeof BEARER - 1) == 0) {
        value += sizeof BEARER - 1;
        return value + strspn(value, " ");
    }
    return strcasestr(value, ", " BEARER) ? value : NULL;
}

static void source_read(source_t *source, request_rec *r, const char *header)
{
    int is_bearer = strcmp(header, "Authorization") == 0;

    source->header = header;
    source->kind = CREDENTIAL_NONE;
    source->value = (char *)apr_table_get(r->headers_in, header);
    source->token = source->value && is_bearer ? bearer_token(source->value) : source->value;
    if (!source->token)
        return;
    if (strchr(source->token, ','))
        source->kind =
            CREDENTIAL_AMBIGUOUS; /* a repeated header: neither a key nor a Bearer token holds a comma */
    else if (apikey_is_well_formed(source->token, strlen(source->token)))
        source->kind = CREDENTIAL_KEY;
    else
        source->kind = CREDENTIAL_MALFORMED;
}

/* Takes the header out of the request where it holds something that was meant as a key of ours. */
static void source_withdraw(const source_t *source, request_rec *r)
{
    if (!source->token ||
        (!apikey_is_meant(source->token, strlen(source->token)) && source->kind != CREDENTIAL_AMBIGUOUS))
        return;
    apr_table_unset(r->headers_in, source->header);
    apikey_wipe(source->value, strlen(source->value));
}

void credential_take(request_rec *r, const struct keyring_t *keyring, credential_t *credential)
{
    source_t authorization, header;
    const source_t *first;

    source_read(&authorization, r, "Authorization");
    source_read(&header, r, "X-API-Key");
    first = authorization.kind >= header.kind ? &authorization : &header;
    credential->kind = first->kind;
    credential->hashes = NULL;
    if (authorization.token && header.token && strcmp(authorization.token, header.token) != 0)
        credential->kind = CREDENTIAL_AMBIGUOUS;
    else if (credential->kind == CREDENTIAL_KEY)
        credential->hashes = apikey_hashes(keyring, first->token, r->pool);
    source_withdraw(&authorization, r);
    source_withdraw(&header, r);
}
