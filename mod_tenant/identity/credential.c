/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include <apr_base64.h>
#include <apr_strings.h>

#include "../secret/apikey.h"
#include "../secret/secret.h"
#include "vary.h"

/* A header that may carry a key. */
typedef struct source_t {
    const char *header;
    char *value;       /* the bytes in headers_in themselves; NULL: no such header */
    char *token;       /* the part that stands for a key; NULL: none does */
    char *decoded;     /* what Basic says, in a copy; NULL: it is not Basic */
    apr_size_t length; /* of decoded, in bytes */
    int is_meant;      /* something there was meant as a key of ours, however wrong it may be */
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

/* Whether a key stands anywhere in a text: `Token mt_…`, a quoted one. */
static int holds_key(const char *text, apr_size_t length)
{
    for (; length >= APIKEY_LENGTH; length--, text++) {
        if (apikey_is_well_formed(text, APIKEY_LENGTH))
            return 1;
    }
    return 0;
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

/* Whether Basic's user name is a key: without a password whatever is meant as one, beside a password what can
 * be nothing else, for users' own names may begin like a key. */
static int is_key_name(const char *name, const char *password)
{
    apr_size_t length = strlen(name);

    return *password ? apikey_is_unlike_names(name, length) : apikey_is_meant(name, length);
}

/* Finds the key in Basic credentials (RFC 7617 section 2), as the password, which official Twilio libraries
 * can send, or as the user name, as `curl -u KEY:` does. A user's own credentials are none of ours. */
static void basic_read(source_t *source)
{
    char *name = source->decoded;
    char *colon = strchr(name, ':');
    char *password = colon ? colon + 1 : name + strlen(name);
    int is_password = apikey_is_meant(password, strlen(password));
    int is_name;

    source->is_meant = holds_key(source->decoded, source->length);
    if (colon)
        *colon = '\0';
    is_name = is_key_name(name, password);
    if (is_name && is_password && strcmp(name, password) != 0)
        source->kind = CREDENTIAL_AMBIGUOUS;
    if (is_name || is_password)
        source->token = is_password ? password : name;
    else if (source->is_meant)
        source->token = source->decoded; /* a key, but not where one belongs */
}

/* Finds the token of `Bearer TOKEN` (RFC 6750 section 2.1), or a key in Basic. Other schemes are not ours. */
static void authorization_read(source_t *source, apr_pool_t *pool)
{
    const char *basic = behind_scheme(source->value, "Basic");

    if (basic) {
        basic += strspn(basic, " \t"); /* as httpd reads it */
        source->decoded = apr_pcalloc(pool, (apr_size_t)apr_base64_decode_len(basic) + 1);
        source->length = (apr_size_t)apr_base64_decode(source->decoded, basic);
        source->decoded[source->length] = '\0';
    }
    if (is_joined(source->value))
        source->token = source->value;
    else if (basic)
        basic_read(source);
    else
        source->token = behind_scheme(source->value, "Bearer");
}

static credential_kind_t token_kind(const char *token)
{
    if (strchr(token, ','))
        return CREDENTIAL_AMBIGUOUS; /* repeated: neither a key nor a Bearer token holds a comma */
    return apikey_is_well_formed(token, strlen(token)) ? CREDENTIAL_KEY : CREDENTIAL_MALFORMED;
}

static void source_read(source_t *source, request_rec *r, const char *header)
{
    *source = (source_t){.header = header, .value = (char *)apr_table_get(r->headers_in, header)};
    if (!source->value)
        return;
    if (strcmp(header, "Authorization") == 0)
        authorization_read(source, r->pool);
    else
        source->token = source->value;
    if (source->token && !*source->token)
        source->token = NULL; /* an empty header says nothing */
    source->is_meant = source->is_meant ||
                       (source->token && apikey_is_meant(source->token, strlen(source->token))) ||
                       holds_key(source->value, strlen(source->value)) || is_joined(source->value);
    if (source->token && source->kind == CREDENTIAL_NONE)
        source->kind = token_kind(source->token);
}

/* Takes a header that was meant as a key out of the request, and wipes it; a copy goes in any case. Returns
 * whether it did. */
static int source_withdraw(const source_t *source, request_rec *r)
{
    if (source->decoded)
        secret_wipe(source->decoded, source->length);
    if (!source->is_meant)
        return 0;
    apr_table_unset(r->headers_in, source->header);
    secret_wipe(source->value, strlen(source->value));
    return 1;
}

void credential_conceal(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Cache-Control", "private");
    vary_forbid(r); /* mod_cache may be told to keep what is private */
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
    credential->is_taken = source_withdraw(&authorization, r) | source_withdraw(&header, r);
    if (credential->is_taken)
        credential_conceal(r);
}
