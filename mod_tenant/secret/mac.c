/* SPDX-License-Identifier: Apache-2.0 */
#include "mac.h"

#include <apr_sha1.h>
#include <sodium.h>
#include <string.h>

#include "base64.h"

_Static_assert(MAC_TEXT_SIZE == sodium_base64_ENCODED_LEN(MAC_SHA1_BYTES, sodium_base64_VARIANT_ORIGINAL),
               "base64 of 20 bytes");
_Static_assert(MAC_SHA1_BYTES == APR_SHA1_DIGESTSIZE, "160 bits of SHA-1");
_Static_assert(MAC_SHA256_BYTES == crypto_auth_hmacsha256_BYTES, "256 bits of SHA-256");

/* libsodium has no SHA-1, and libcrypto is none of the libraries that the module is linked with: APR has the
 * hash, and HMAC around it is little. */
enum {
    BLOCK = 64,       /* of SHA-1, in bytes */
    STACK_MAX = 1024, /* more than what a hash leaves on the stack, made of the key among it */
};

static void hash(apr_sha1_ctx_t *context, const char *bytes, size_t length)
{
    enum { PIECE = 1 << 30 }; /* APR counts in unsigned int */

    if (length == 0)
        return;
    for (; length > PIECE; bytes += PIECE, length -= PIECE)
        apr_sha1_update_binary(context, (const unsigned char *)bytes, PIECE);
    apr_sha1_update_binary(context, (const unsigned char *)bytes, (unsigned)length);
}

/* Begins one of HMAC's two hashes: with the key, each byte of which is changed by pad. */
static void begin(apr_sha1_ctx_t *context, const unsigned char key[BLOCK], unsigned char pad)
{
    unsigned char block[BLOCK];

    for (int n = 0; n < BLOCK; n++)
        block[n] = key[n] ^ pad;
    apr_sha1_init(context);
    apr_sha1_update_binary(context, block, BLOCK);
    sodium_memzero(block, sizeof block);
}

/* A key as long as a block: longer ones are hashed, shorter ones filled up. */
static void set_key(unsigned char block[BLOCK], const char *key, size_t length)
{
    apr_sha1_ctx_t context;

    memset(block, 0, BLOCK);
    if (length <= BLOCK) {
        if (length > 0)
            memcpy(block, key, length);
        return;
    }
    apr_sha1_init(&context);
    hash(&context, key, length);
    apr_sha1_final(block, &context);
    sodium_memzero(&context, sizeof context);
}

void mac_sha1(unsigned char mac[MAC_SHA1_BYTES], const char *key, size_t key_length, const mac_part_t *parts,
              int count)
{
    unsigned char block[BLOCK];
    apr_sha1_ctx_t context;

    set_key(block, key, key_length);
    begin(&context, block, 0x36);
    for (int n = 0; n < count; n++)
        hash(&context, parts[n].bytes, parts[n].length);
    apr_sha1_final(mac, &context);
    begin(&context, block, 0x5C);
    apr_sha1_update_binary(&context, mac, MAC_SHA1_BYTES);
    apr_sha1_final(mac, &context);
    sodium_memzero(block, sizeof block);
    sodium_memzero(&context, sizeof context);
    sodium_stackzero(STACK_MAX);
}

void mac_sha256(unsigned char mac[MAC_SHA256_BYTES], const char *key, size_t key_length,
                const mac_part_t *parts, int count)
{
    crypto_auth_hmacsha256_state state;

    /* libsodium takes no NULL, not even of nothing */
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)(key_length > 0 ? key : ""), key_length);
    for (int n = 0; n < count; n++) {
        if (parts[n].length > 0)
            crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[n].bytes, parts[n].length);
    }
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
    sodium_stackzero(STACK_MAX);
}

void mac_text(char text[MAC_TEXT_SIZE], const unsigned char mac[MAC_SHA1_BYTES])
{
    sodium_bin2base64(text, MAC_TEXT_SIZE, mac, MAC_SHA1_BYTES, sodium_base64_VARIANT_ORIGINAL);
}

int mac_is(const unsigned char mac[MAC_SHA1_BYTES], const char *base64, size_t length)
{
    unsigned char given[MAC_SHA1_BYTES] = {0};
    size_t size = 0;

    return base64_decode(given, sizeof given, &size, base64, length, sodium_base64_VARIANT_ORIGINAL) &&
           size == sizeof given && sodium_memcmp(given, mac, sizeof given) == 0;
}

int mac_is_sha256(const char *hex, size_t hex_length, const char *bytes, size_t length)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    unsigned char given[crypto_hash_sha256_BYTES];
    size_t size = 0;

    crypto_hash_sha256(digest, (const unsigned char *)bytes, length);
    return sodium_hex2bin(given, sizeof given, hex, hex_length, NULL, &size, NULL) == 0 &&
           size == sizeof given && sodium_memcmp(given, digest, sizeof given) == 0;
}
