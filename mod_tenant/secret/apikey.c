/* SPDX-License-Identifier: Apache-2.0 */
#include "apikey.h"

#include <apr_strings.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define APIKEY_PREFIX "mt_"

enum {
    PREFIX_LENGTH = sizeof APIKEY_PREFIX - 1,
    CHECKED_LENGTH = PREFIX_LENGTH + APIKEY_RANDOM_LENGTH, /* what the checksum covers */
    RANDOM_WORDS = 8,                                      /* 256 bits as 32-bit words */
    HASH_BYTES = 32,
};

_Static_assert(CHECKED_LENGTH + APIKEY_CHECK_LENGTH == APIKEY_LENGTH, "the parts make up the key");
_Static_assert(crypto_generichash_BYTES == HASH_BYTES, "BLAKE2b-256");
_Static_assert(crypto_generichash_KEYBYTES == KEYRING_KEY_BYTES, "a pepper is a BLAKE2b key");

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* CRC-32 of ISO 3309, four bits at a time: every request with a key takes one. */
static uint32_t crc32_of(const char *text, apr_size_t length)
{
    static const uint32_t remainders[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = UINT32_MAX;

    for (apr_size_t n = 0; n < length; n++) {
        crc ^= (unsigned char)text[n];
        crc = crc >> 4 ^ remainders[crc & 0xf];
        crc = crc >> 4 ^ remainders[crc & 0xf];
    }
    return ~crc;
}

/* Writes a number, given as big-endian words, in digits of base 62; the words are used up. */
static void write_base62(char *digits, int length, uint32_t *words, int count)
{
    for (int digit = length - 1; digit >= 0; digit--) {
        uint64_t remainder = 0;

        for (int n = 0; n < count; n++) {
            remainder = remainder << 32 | words[n];
            words[n] = (uint32_t)(remainder / 62);
            remainder %= 62;
        }
        digits[digit] = base62[remainder];
    }
}

static void write_check(char check[APIKEY_CHECK_LENGTH], const char *key)
{
    uint32_t crc = crc32_of(key, CHECKED_LENGTH);

    write_base62(check, APIKEY_CHECK_LENGTH, &crc, 1);
}

static int is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int apikey_is_meant(const char *text, apr_size_t length)
{
    return length >= PREFIX_LENGTH && memcmp(text, APIKEY_PREFIX, PREFIX_LENGTH) == 0;
}

/* Whether a text has the prefix and nothing but base62 behind it. */
static int has_alphabet(const char *text, apr_size_t length)
{
    if (!apikey_is_meant(text, length))
        return 0;
    for (apr_size_t n = PREFIX_LENGTH; n < length; n++) {
        if (!is_base62(text[n]))
            return 0;
    }
    return 1;
}

int apikey_is_unlike_names(const char *text, apr_size_t length)
{
    return length >= PREFIX_LENGTH + APIKEY_RANDOM_LENGTH && has_alphabet(text, length);
}

int apikey_is_well_formed(const char *text, apr_size_t length)
{
    char check[APIKEY_CHECK_LENGTH];

    if (length != APIKEY_LENGTH || !has_alphabet(text, length))
        return 0;
    write_check(check, text);
    return memcmp(text + CHECKED_LENGTH, check, sizeof check) == 0;
}

/* Writes the key of 256 bits, which are used up. */
static void write_key(char key[APIKEY_LENGTH + 1], uint32_t words[RANDOM_WORDS])
{
    memcpy(key, APIKEY_PREFIX, PREFIX_LENGTH);
    write_base62(key + PREFIX_LENGTH, APIKEY_RANDOM_LENGTH, words, RANDOM_WORDS);
    write_check(key + CHECKED_LENGTH, key);
    key[APIKEY_LENGTH] = '\0';
    sodium_memzero(words, RANDOM_WORDS * sizeof *words);
}

void apikey_make(char key[APIKEY_LENGTH + 1])
{
    uint32_t words[RANDOM_WORDS];

    if (sodium_init() < 0)
        abort();
    randombytes_buf(words, sizeof words);
    write_key(key, words);
}

void apikey_derive(char key[APIKEY_LENGTH + 1], const keyring_key_t *pepper, const char *text)
{
    static const unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "mod_tenant key";
    uint32_t words[RANDOM_WORDS];

    crypto_generichash_blake2b_salt_personal((unsigned char *)words, sizeof words,
                                             (const unsigned char *)text, strlen(text), pepper->bytes,
                                             KEYRING_KEY_BYTES, NULL, personal);
    write_key(key, words);
}

/* The most that put_hash() writes: a pepper's id, a colon, the digits, NUL. */
enum { HASH_TEXT_MAX = sizeof "4294967295:" + 2 * HASH_BYTES };

/* Writes what is stored of a key by one pepper. Returns its end, where a NUL is. */
static char *put_hash(char *to, const keyring_key_t *pepper, const char *key)
{
    unsigned char hash[HASH_BYTES];
    char digits[sizeof "4294967295"];
    char *digit = digits + sizeof digits;
    apr_size_t length;
    uint32_t rest = pepper->id;

    do
        *--digit = (char)('0' + rest % 10);
    while (rest /= 10);
    length = (apr_size_t)(digits + sizeof digits - digit);
    memcpy(to, digit, length);
    to += length;
    *to++ = ':';
    crypto_generichash(hash, sizeof hash, (const unsigned char *)key, APIKEY_LENGTH, pepper->bytes,
                       KEYRING_KEY_BYTES);
    sodium_bin2hex(to, 2 * HASH_BYTES + 1, hash, sizeof hash);
    return to + 2 * HASH_BYTES;
}

const char *apikey_hash(const keyring_key_t *pepper, const char *key, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, HASH_TEXT_MAX);

    put_hash(text, pepper, key);
    return text;
}

const char *apikey_hashes(const keyring_t *ring, const char *key, apr_pool_t *pool)
{
    const keyring_key_t *pepper;
    char *literal, *end;
    int count = 0;

    while (keyring_key(ring, KEYNAME_PEPPER, count))
        count++;
    literal = end = apr_palloc(pool, sizeof "{}" + (apr_size_t)count * HASH_TEXT_MAX);
    *end++ = '{';
    for (int n = 0; (pepper = keyring_key(ring, KEYNAME_PEPPER, n)) != NULL; n++) {
        if (n > 0)
            *end++ = ',';
        end = put_hash(end, pepper, key);
    }
    memcpy(end, "}", sizeof "}");
    return literal;
}
