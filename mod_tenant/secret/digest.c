/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(sizeof(digest_t) == crypto_shorthash_siphashx24_BYTES, "SipHash-2-4 with 128 bits");
_Static_assert(sizeof(digest_key_t) == crypto_shorthash_siphashx24_KEYBYTES, "its key");

void digest_key_make(digest_key_t *key)
{
    if (sodium_init() < 0)
        abort();
    randombytes_buf(key->bytes, sizeof key->bytes);
}

digest_t digest_make(const digest_key_t *key, const char *text, size_t length)
{
    digest_t digest;

    crypto_shorthash_siphashx24((unsigned char *)digest.words, (const unsigned char *)text, length,
                                key->bytes);
    return digest;
}
