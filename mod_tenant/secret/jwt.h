/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_JWT_H
#define TENANT_SECRET_JWT_H

#include <apr_pools.h>

/* A part of a token: a JSON text in UTF-8. */
typedef struct jwt_part_t {
    const char *json;
    apr_size_t length;
} jwt_part_t;

/* A JSON Web Token (RFC 7519) in JWS's compact form (RFC 7515 section 7.1), signed by HMAC-SHA256, which its
 * header has to name: `"alg":"HS256"` (RFC 7518 section 3.2). NUL-terminated, in pool, wiped with it, for who
 * has it is let in. Nothing of the secret is left behind. */
const char *jwt_sign(jwt_part_t header, jwt_part_t claims, const char *secret, apr_size_t secret_length,
                     apr_pool_t *pool);

#endif
