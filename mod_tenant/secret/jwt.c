/* SPDX-License-Identifier: Apache-2.0 */
#include "jwt.h"

#include <sodium.h>

#include "mac.h"
#include "secret.h"

/* Of JWS: base64url without padding (RFC 7515 section 2). */
enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

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
    apr_size_t size = sodium_base64_encoded_len(header.length, VARIANT) +
                      sodium_base64_encoded_len(claims.length, VARIANT) +
                      sodium_base64_encoded_len(sizeof mac, VARIANT); /* each with its dot, or the NUL */
    char *token = secret_alloc(size, pool);
    mac_part_t content; /* what is signed: both parts with the dot between them */
    char *to;

    to = encode(token, header.json, header.length);
    *to++ = '.';
    to = encode(to, claims.json, claims.length);
    content = (mac_part_t){token, (size_t)(to - token)};
    mac_sha256(mac, secret, secret_length, &content, 1);
    *to++ = '.';
    encode(to, mac, sizeof mac);
    return token;
}
