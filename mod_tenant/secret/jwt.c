/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt.h"

#include <sodium.h>
#include <string.h>

#include "mac.h"

/* Of JWS: base64url without padding (RFC 7515 section 2). */
enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

/* Where a token is, for its end. */
typedef struct span_t {
    char *text;
    apr_size_t size;
} span_t;

static apr_status_t wipe(void *data)
{
    span_t *span = data;

    sodium_memzero(span->text, span->size);
    return APR_SUCCESS;
}

/* Writes bytes in base64url; returns where they end. */
static char *encode(char *to, const void *bytes, apr_size_t length)
{
    apr_size_t size = sodium_base64_encoded_len(length, VARIANT);

    sodium_bin2base64(to, size, bytes, length, VARIANT);
    return to + size - 1;
}

const char *jwt_sign(jwt_part_t header, jwt_part_t claims, const char *secret, apr_size_t secret_length,
                     apr_pool_t *pool)
{
    unsigned char mac[MAC_SHA256_BYTES];
    span_t *token = apr_palloc(pool, sizeof *token);
    mac_part_t content; /* what is signed: both parts with the dot between them */
    char *to;

    token->size = sodium_base64_encoded_len(header.length, VARIANT) +
                  sodium_base64_encoded_len(claims.length, VARIANT) +
                  sodium_base64_encoded_len(sizeof mac, VARIANT); /* each with its dot, or the NUL */
    token->text = apr_palloc(pool, token->size);
    apr_pool_cleanup_register(pool, token, wipe, apr_pool_cleanup_null);
    to = encode(token->text, header.json, header.length);
    *to++ = '.';
    to = encode(to, claims.json, claims.length);
    content = (mac_part_t){token->text, (size_t)(to - token->text)};
    mac_sha256(mac, secret, secret_length, &content, 1);
    *to++ = '.';
    encode(to, mac, sizeof mac);
    return token->text;
}
