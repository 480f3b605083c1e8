/* SPDX-License-Identifier: Apache-2.0 */
#include "sha256.h"

#include <sodium.h>

struct sha256_t {
    crypto_hash_sha256_state state;
    char hex[crypto_hash_sha256_BYTES * 2 + 1];
};

sha256_t *sha256_make(apr_pool_t *pool)
{
    sha256_t *sha256 = apr_palloc(pool, sizeof *sha256);

    crypto_hash_sha256_init(&sha256->state);
    return sha256;
}

void sha256_add(sha256_t *sha256, const void *bytes, apr_size_t length)
{
    crypto_hash_sha256_update(&sha256->state, bytes, length);
}

const char *sha256_end(sha256_t *sha256)
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_final(&sha256->state, digest);
    return sodium_bin2hex(sha256->hex, sizeof sha256->hex, digest, sizeof digest);
}
