/* SPDX-License-Identifier: Apache-2.0 */
#include "seal.h"

#include <apr_strings.h>
#include <sodium.h>
#include <string.h>

#include "base64.h"
#include "secret.h"

#define VERSION   "mt1"
#define ALGORITHM "xchacha20poly1305"

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

_Static_assert(NONCE_BYTES == 24 && TAG_BYTES == 16, "the envelope's layout");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEYRING_KEY_BYTES,
               "a sealing key is a cipher key");

/* What an envelope says ahead of its ciphertext. */
typedef struct envelope_t {
    uint32_t key_id;
    const char *body; /* BASE64URL */
} envelope_t;

/* The associated data: six texts, each behind its length. */
static unsigned char *associate(apr_size_t *length, uint32_t key_id, const seal_place_t *place,
                                apr_pool_t *pool)
{
    const char *const parts[] = {
        VERSION,
        ALGORITHM,
        apr_psprintf(pool, "%u", key_id),
        apr_psprintf(pool, "%d", place->tenant_id),
        place->table,
        place->column,
    };
    enum { PARTS = sizeof parts / sizeof *parts, PREFIX = 4 };
    unsigned char *data, *at;

    *length = 0;
    for (int n = 0; n < PARTS; n++)
        *length += PREFIX + strlen(parts[n]);
    at = data = apr_palloc(pool, *length);
    for (int n = 0; n < PARTS; n++) {
        apr_size_t size = strlen(parts[n]);

        for (int byte = 0; byte < PREFIX; byte++)
            *at++ = (unsigned char)(size >> 8 * (PREFIX - 1 - byte));
        memcpy(at, parts[n], size);
        at += size;
    }
    return data;
}

const char *seal_make(const keyring_t *ring, const seal_place_t *place, const char *plaintext,
                      apr_size_t length, apr_pool_t *pool)
{
    const keyring_key_t *key = keyring_key(ring, KEYNAME_SEAL, 0);
    apr_size_t associated_length, size = NONCE_BYTES + length + TAG_BYTES, text_size;
    unsigned char *associated, *bytes;
    char *text;

    associated = associate(&associated_length, key->id, place, pool);
    bytes = apr_palloc(pool, size);
    randombytes_buf(bytes, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE_BYTES, NULL, (const unsigned char *)plaintext,
                                               length, associated, associated_length, NULL, bytes,
                                               key->bytes);
    text_size = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    text = apr_palloc(pool, text_size);
    sodium_bin2base64(text, text_size, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return apr_psprintf(pool, "%s.%s.%u.%s", VERSION, ALGORITHM, key->id, text);
}

/* Whether a text is an envelope of any version: mt, digits, a point. */
static int is_envelope(const char *text)
{
    apr_size_t digits;

    if (strncmp(text, "mt", 2) != 0)
        return 0;
    digits = strspn(text + 2, "0123456789");
    return digits > 0 && text[2 + digits] == '.';
}

/* Reads an envelope of this version and algorithm; 0 where it is none. */
static int read_envelope(envelope_t *envelope, const char *text)
{
    static const char start[] = VERSION "." ALGORITHM ".";
    const char *point;

    if (strncmp(text, start, sizeof start - 1) != 0)
        return 0;
    text += sizeof start - 1;
    point = strchr(text, '.');
    if (!point)
        return 0;
    envelope->key_id = keyname_id(text, (apr_size_t)(point - text));
    envelope->body = point + 1;
    return envelope->key_id != 0;
}

uint32_t seal_key_id(const char *envelope)
{
    envelope_t parts;

    return read_envelope(&parts, envelope) ? parts.key_id : 0;
}

int seal_decrypt(unsigned char *plaintext, const unsigned char key[KEYRING_KEY_BYTES],
                 const unsigned char *nonce, apr_size_t nonce_length, const unsigned char *associated,
                 apr_size_t associated_length, const unsigned char *sealed, apr_size_t sealed_length)
{
    if (nonce_length != NONCE_BYTES || sealed_length < TAG_BYTES)
        return 0;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext, NULL, NULL, sealed, sealed_length,
                                                      associated, associated_length, nonce, key) == 0;
}

seal_result_t seal_open(const char **plaintext, apr_size_t *length, const keyring_t *ring,
                        const seal_place_t *place, const char *envelope, apr_pool_t *pool)
{
    unsigned char *associated, *bytes, *opened;
    apr_size_t associated_length, body_length, size;
    const keyring_key_t *key;
    envelope_t parts;

    *plaintext = NULL;
    *length = 0;
    if (!is_envelope(envelope))
        return SEAL_NOT_SEALED;
    if (!read_envelope(&parts, envelope))
        return SEAL_CORRUPTED;
    key = keyring_find(ring, KEYNAME_SEAL, parts.key_id);
    if (!key)
        return SEAL_UNKNOWN_KEY;
    body_length = strlen(parts.body);
    bytes = apr_palloc(pool, body_length + 1);
    if (!base64_decode(bytes, body_length, &size, parts.body, body_length,
                       sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
        size < NONCE_BYTES + TAG_BYTES)
        return SEAL_CORRUPTED;
    associated = associate(&associated_length, key->id, place, pool);
    opened = secret_alloc(size - NONCE_BYTES - TAG_BYTES + 1, pool);
    if (!seal_decrypt(opened, key->bytes, bytes, NONCE_BYTES, associated, associated_length,
                      bytes + NONCE_BYTES, size - NONCE_BYTES))
        return SEAL_CORRUPTED;
    *plaintext = (const char *)opened;
    *length = size - NONCE_BYTES - TAG_BYTES;
    return SEAL_OPENED;
}

const char *seal_why(seal_result_t result)
{
    switch (result) {
    case SEAL_OPENED:
        return NULL;
    case SEAL_NOT_SEALED:
        return "it is stored in clear: run tenantctl rewrap --plaintext";
    case SEAL_UNKNOWN_KEY:
        return "TenantKeyFile does not have its key";
    case SEAL_CORRUPTED:
    default:
        return "it was altered, or belongs to another place";
    }
}

int seal_same(const keyring_t *ring, const seal_place_t *place, const char *one, const char *other,
              apr_pool_t *pool)
{
    const char *first, *second;
    apr_size_t first_length, second_length;

    return seal_open(&first, &first_length, ring, place, one, pool) == SEAL_OPENED &&
           seal_open(&second, &second_length, ring, place, other, pool) == SEAL_OPENED &&
           first_length == second_length && sodium_memcmp(first, second, first_length) == 0;
}
