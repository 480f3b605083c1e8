/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(digest_t) == crypto_generichash_BYTES_MIN, "128 bits of BLAKE2b");
_Static_assert(sizeof(fingerprint_key_t) == crypto_generichash_KEYBYTES, "its key");
_Static_assert(FINGERPRINT_CONTENT_BYTES == crypto_generichash_BYTES, "256 bits of BLAKE2b");
_Static_assert(KEYRING_KEY_BYTES == crypto_generichash_KEYBYTES, "a pepper is a BLAKE2b key");

void fingerprint_key_make(fingerprint_key_t *key)
{
    if (sodium_init() < 0)
        abort();
    randombytes_buf(key->bytes, sizeof key->bytes);
}

digest_t fingerprint_make(const fingerprint_key_t *key, const char *const *texts)
{
    crypto_generichash_state state;
    digest_t digest;

    crypto_generichash_init(&state, key->bytes, sizeof key->bytes, sizeof digest);
    for (; *texts; texts++) /* with its NUL: where one text ends and the next begins counts too */
        crypto_generichash_update(&state, (const unsigned char *)*texts, strlen(*texts) + 1);
    crypto_generichash_final(&state, (unsigned char *)digest.words, sizeof digest);
    sodium_memzero(&state, sizeof state);
    return digest;
}

void fingerprint_content(unsigned char fingerprint[FINGERPRINT_CONTENT_BYTES], const keyring_key_t *pepper,
                         const char *scope, const char *bytes, size_t length)
{
    static const unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "mod_tenant body";
    crypto_generichash_blake2b_state state;

    crypto_generichash_blake2b_init_salt_personal(&state, pepper->bytes, KEYRING_KEY_BYTES,
                                                  FINGERPRINT_CONTENT_BYTES, NULL, personal);
    crypto_generichash_blake2b_update(&state, (const unsigned char *)scope, strlen(scope) + 1);
    crypto_generichash_blake2b_update(&state, (const unsigned char *)bytes, length);
    crypto_generichash_blake2b_final(&state, fingerprint, FINGERPRINT_CONTENT_BYTES);
    sodium_memzero(&state, sizeof state);
}
