/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_SEAL_H
#define TENANT_SECRET_SEAL_H

#include <apr_pools.h>

#include "keyring.h"

/* A sealed column value is a printable text, the envelope:
 *
 *     mt1.xchacha20poly1305.KEY-ID.BASE64URL
 *
 * KEY-ID is the decimal id of a sealing key. BASE64URL (RFC 4648 section 5, no padding) holds 24 bytes of
 * random nonce, the ciphertext, which is as long as the plaintext, and 16 bytes of tag
 * (draft-irtf-cfrg-xchacha-03, XChaCha20-Poly1305 in its IETF form). The associated data are the version, the
 * algorithm, the key id, the tenant's id, the table and the column, each a text behind its length as 32 bits,
 * big-endian; so an envelope opens in its own place only. What it does not prevent: an older envelope of the
 * same place put back there. */

/* Where a value lies. */
typedef struct seal_place_t {
    int tenant_id;
    const char *table;
    const char *column;
} seal_place_t;

typedef enum seal_result_t {
    SEAL_OPENED,
    SEAL_NOT_SEALED,  /* no envelope of any version: a plaintext that an earlier system left */
    SEAL_UNKNOWN_KEY, /* the ring has no sealing key of the envelope's id */
    SEAL_CORRUPTED,   /* malformed, of a version or algorithm that this one does not know, altered, or of
                         another place */
} seal_result_t;

/* Seals plaintext under the primary sealing key. The envelope is in pool, never NULL. */
const char *seal_make(const keyring_t *ring, const seal_place_t *place, const char *plaintext,
                      apr_size_t length, apr_pool_t *pool);

/* Opens an envelope, a NUL-terminated text, with the one key that it names. SEAL_OPENED: *plaintext holds
 * *length bytes and a NUL, wiped when pool is cleared; any other result leaves it NULL. */
seal_result_t seal_open(const char **plaintext, apr_size_t *length, const keyring_t *ring,
                        const seal_place_t *place, const char *envelope, apr_pool_t *pool);

/* Why a value of tenants could not be opened, and what helps: the end of a line of the log. NULL: it was. */
const char *seal_why(seal_result_t result);

/* Whether two envelopes of a place hold the same; 0 where one of them cannot be opened. */
int seal_same(const keyring_t *ring, const seal_place_t *place, const char *one, const char *other,
              apr_pool_t *pool);

/* The id of the key that a value was sealed under; 0 where it is no envelope of this version. */
uint32_t seal_key_id(const char *envelope);

/* What seal_open() decrypts with, for test vectors: sealed is the ciphertext with its tag. 1: plaintext holds
 * sealed_length - 16 bytes. 0: forged, or a length is wrong; plaintext holds nothing of use. */
int seal_decrypt(unsigned char *plaintext, const unsigned char key[KEYRING_KEY_BYTES],
                 const unsigned char *nonce, apr_size_t nonce_length, const unsigned char *associated,
                 apr_size_t associated_length, const unsigned char *sealed, apr_size_t sealed_length);

#endif
