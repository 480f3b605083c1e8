/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "../secret/apikey.h"
#include "../secret/secret.h"

/* A header that may carry a key. */
typedef struct source_t {
    const char *header;
    char *value; /* the bytes in headers_in themselves: wiped where they were a key; NULL: no such header */
    char *token; /* the part of value that stands for a key; NULL: none does */
    credential_kind_t kind;
} source_t;

/* What follows an authentication scheme's name and white space in a value of Authorization (RFC 9110
 * section 11.4); NULL where the scheme is another one. TAB is no separator, but a key behind one must not
 * slip through. */
static char *behind_scheme(char *value, const char *scheme)
{
    apr_size_t length = strlen(scheme);

    if (strncasecmp(value, scheme, length) != 0 || (value[length] != ' ' && value[length] != '\t'))
        return NULL;
    return value + length + strspn(value + length, " ");
}

/* The password of Basic credentials (RFC 7617 section 2) where it is meant as a key, in pool: what official
 * Twilio libraries can send. Any user name goes with it. NULL: they are a user's, or none at all. */
static char *basic_key(const char *credentials, apr_pool_t *pool)
{
    char *decoded = ap_pbase64decode(pool, credentials);
    char *password = strchr(decoded, ':');

    if (password && apikey_is_meant(password + 1, strlen(password + 1)))
        return password + 1;
    secret_wipe(decoded, strlen(decoded));
    return NULL;
}

/* Whether a second Authorization header, which httpd joins to the first with a comma, may hide a key. */
static int is_joined(char *value)
{
    for (char *comma = strchr(value, ','); comma; comma = strchr(comma + 1, ',')) {
        char *next = comma + 1 + strspn(comma + 1, " \t");

        if (behind_scheme(next, "Bearer") || behind_scheme(next, "Basic"))
            return 1;
    }
    return 0;
}

/* The token of `Bearer TOKEN` (RFC 6750 section 2.1), or a key in Basic. Other schemes are not ours. */
static char *authorization_token(char *value, apr_pool_t *pool)
{
    char *basic = behind_scheme(value, "Basic");

    if (is_joined(value))
        return value;
    return basic ? basic_key(basic, pool) : behind_scheme(value, "Bearer");
}

static void source_read(source_t *source, request_rec *r, const char *header)
{
    int is_authorization = strcmp(header, "Authorization") == 0;

    source->header = header;
    source->kind = CREDENTIAL_NONE;
    source->value = (char *)apr_table_get(r->headers_in, header);
    source->token =
        source->value && is_authorization ? authorization_token(source->value, r->pool) : source->value;
    if (!source->token || !*source->token) {
        source->token = NULL; /* an empty header says nothing */
        return;
    }
    if (strchr(source->token, ','))
        source->kind = CREDENTIAL_AMBIGUOUS; /* repeated: neither a key nor a Bearer token holds a comma */
    else if (apikey_is_well_formed(source->token, strlen(source->token)))
        source->kind = CREDENTIAL_KEY;
    else
        source->kind = CREDENTIAL_MALFORMED;
}

/* Whether a key stands anywhere in a text: `Token mt_…`, a quoted one. */
static int holds_key(const char *text)
{
    for (apr_size_t length = strlen(text); length >= APIKEY_LENGTH; length--, text++) {
        if (apikey_is_well_formed(text, APIKEY_LENGTH))
            return 1;
    }
    return 0;
}

/* Whether the header has something that was meant as a key of ours, however wrong it may be. */
static int source_is_ours(const source_t *source)
{
    if (source->token && apikey_is_meant(source->token, strlen(source->token)))
        return 1;
    return source->value && (holds_key(source->value) || is_joined(source->value));
}

/* Takes such a header out of the request. A cache that does not see it would keep the answer for others (RFC
 * 9111 section 3.5). */
static void source_withdraw(const source_t *source, request_rec *r)
{
    if (!source_is_ours(source))
        return;
    apr_table_unset(r->headers_in, source->header);
    apr_table_setn(r->err_headers_out, "Cache-Control", "private");
    secret_wipe(source->value, strlen(source->value));
    if (source->token)
        secret_wipe(source->token, strlen(source->token)); /* a copy, where Basic held it */
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
