/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../secret/mac.h"

/* A URL with its port, and without. */
enum { URLS = 2 };

struct signature_t {
    mac_part_t urls[URLS];
    int given;             /* which of them has a port, or none, as it was given */
    mac_part_t parameters; /* those of a form, one behind the other */
    int is_false;          /* the body is not what was signed, so that no signature is right */
};

/* --- The URL -------------------------------------------------------------------------------------------- */

/* The port of the authority from host to end: its colon, or end. */
static const char *find_port(const char *host, const char *end)
{
    const char *colon = end;

    while (colon > host && apr_isdigit(colon[-1]))
        colon--;
    return colon > host && colon[-1] == ':' ? colon - 1
                                            : end; /* that of an IPv6 address stands in brackets */
}

static void set_urls(signature_t *signature, const char *url, apr_pool_t *pool)
{
    apr_size_t length = strcspn(url, "#");
    const char *end = url + length;
    const char *scheme_end = strstr(url, "://");
    const char *host = scheme_end && scheme_end < end ? scheme_end + 3 : url;
    const char *path = host + strcspn(host, "/?#");
    const char *user_end = path;
    const char *port, *scheme, *with;

    while (user_end > host && user_end[-1] != '@')
        user_end--;
    scheme = apr_pstrmemdup(pool, url, (apr_size_t)(host - url));
    host = user_end;
    port = find_port(host, path);
    with = port < path ? apr_pstrmemdup(pool, port, (apr_size_t)(path - port))
                       : apr_pstrdup(pool, strncasecmp(scheme, "https:", 6) == 0 ? ":443" : ":80");
    signature->given = port < path;
    for (int n = 0; n < URLS; n++) {
        signature->urls[n].bytes =
            apr_pstrcat(pool, scheme, apr_pstrmemdup(pool, host, (apr_size_t)(port - host)),
                        n == 0 ? "" : with, apr_pstrmemdup(pool, path, (apr_size_t)(end - path)), NULL);
        signature->urls[n].length = strlen(signature->urls[n].bytes);
    }
}

/* --- The parameters ------------------------------------------------------------------------------------- */

static int compare_bytes(const char *one, apr_size_t one_length, const char *other, apr_size_t other_length)
{
    apr_size_t length = one_length < other_length ? one_length : other_length;
    int order = memcmp(one, other, length);

    return order != 0 ? order : (one_length > other_length) - (one_length < other_length);
}

/* By name, then by value. */
static int compare_fields(const void *left, const void *right)
{
    const form_field_t *one = left, *other = right;
    int order = compare_bytes(one->name, one->name_length, other->name, other->name_length);

    return order != 0 ? order
                      : compare_bytes(one->value, one->value_length, other->value, other->value_length);
}

/* A value that comes several times below one name counts once. */
static void set_parameters(signature_t *signature, const form_t *form, apr_pool_t *pool)
{
    apr_size_t size = 1;
    form_field_t *sorted;
    char *bytes, *to;

    if (form->count == 0)
        return;
    sorted = apr_pmemdup(pool, form->fields, (apr_size_t)form->count * sizeof *sorted);
    qsort(sorted, (size_t)form->count, sizeof *sorted, compare_fields);
    for (int n = 0; n < form->count; n++)
        size += sorted[n].name_length + sorted[n].value_length;
    bytes = to = apr_palloc(pool, size);
    for (int n = 0; n < form->count; n++) {
        if (n > 0 && compare_fields(&sorted[n - 1], &sorted[n]) == 0)
            continue;
        memcpy(to, sorted[n].name, sorted[n].name_length);
        to += sorted[n].name_length;
        memcpy(to, sorted[n].value, sorted[n].value_length);
        to += sorted[n].value_length;
    }
    signature->parameters = (mac_part_t){bytes, (apr_size_t)(to - bytes)};
}

/* --- The body ------------------------------------------------------------------------------------------- */

/* The value of the query's bodySHA256, which goes as far as *length; NULL: it has none. */
static const char *find_digest(const char *url, apr_size_t *length)
{
    static const char name[] = "bodySHA256=";
    const char *at = strchr(url, '?');

    while (at) {
        at++;
        if (strncmp(at, name, sizeof name - 1) == 0) {
            at += sizeof name - 1;
            *length = strcspn(at, "&");
            return at;
        }
        at = strchr(at, '&');
    }
    return NULL;
}

/* --- All of it ------------------------------------------------------------------------------------------ */

signature_t *signature_of_form(const char *url, const form_t *form, apr_pool_t *pool)
{
    signature_t *signature = apr_pcalloc(pool, sizeof *signature);

    set_urls(signature, url, pool);
    set_parameters(signature, form, pool);
    return signature;
}

signature_t *signature_of_body(const char *url, const char *body, apr_size_t length, apr_pool_t *pool)
{
    signature_t *signature = apr_pcalloc(pool, sizeof *signature);
    apr_size_t digest_length;
    const char *digest = find_digest(apr_pstrndup(pool, url, strcspn(url, "#")), &digest_length);

    set_urls(signature, url, pool);
    signature->is_false = digest ? !mac_is_sha256(digest, digest_length, body, length) : length > 0;
    return signature;
}

const char *signature_make(const signature_t *signature, const char *token, apr_size_t length,
                           apr_pool_t *pool)
{
    const mac_part_t parts[] = {signature->urls[signature->given], signature->parameters};
    unsigned char mac[MAC_SHA1_BYTES];
    char *text = apr_palloc(pool, MAC_TEXT_SIZE);

    mac_sha1(mac, token, length, parts, 2);
    mac_text(text, mac);
    return text;
}

int signature_verify(const signature_t *signature, const char *token, apr_size_t length, const char *given)
{
    apr_size_t given_length = strlen(given);
    int is_right = 0;

    for (int n = 0; n < URLS; n++) {
        const mac_part_t parts[] = {signature->urls[n], signature->parameters};
        unsigned char mac[MAC_SHA1_BYTES];

        mac_sha1(mac, token, length, parts, 2);
        is_right |= mac_is(mac, given, given_length);
    }
    return is_right & !signature->is_false;
}
