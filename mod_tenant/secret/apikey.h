/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_APIKEY_H
#define TENANT_SECRET_APIKEY_H

#include <apr_pools.h>

#include "keyring.h"

/* An API key: `mt_`, 43 base62 characters (256 random bits), 6 base62 characters of the CRC-32 (ISO 3309, as
 * in zlib) of the 46 characters ahead of them. base62 is 0-9A-Za-z,
 * most significant digit first, padded with 0. */
enum { APIKEY_LENGTH = 52, APIKEY_RANDOM_LENGTH = 43, APIKEY_CHECK_LENGTH = 6 };

/* Whether text begins as our keys do (`mt_`), so that it is meant as one, however wrong the rest may be. */
int apikey_is_meant(const char *text, apr_size_t length);

/* Whether text can be nothing but a key, if a mistyped or shortened one, where the names of users are as
 * likely: `mt_` and nothing but base62 characters, as many as a key's random ones at least. */
int apikey_is_unlike_names(const char *text, apr_size_t length);

/* Whether text has the syntax of a key and a right checksum. Says nothing about whether a tenant has it. */
int apikey_is_well_formed(const char *text, apr_size_t length);

/* Makes a new key from the kernel's random numbers; NUL-terminated. The caller wipes it. Like libsodium it
 * aborts the process where the kernel has none to give. */
void apikey_make(char key[APIKEY_LENGTH + 1]);

/* Makes a key that the same pepper and text make again, and that nobody can find out who lacks either of
 * them: BLAKE2b-256, personalised, so that it is no hash of a key. The caller wipes it. */
void apikey_derive(char key[APIKEY_LENGTH + 1], const keyring_key_t *pepper, const char *text);

/* Whether a tenant has a key, as SQL on its row:
 * who has none has a hash that no key has (sql/deploy/tenants.sql). */
#define APIKEY_IS_SET "left(api_key_hash, 1) <> '!'"

/* What is stored of a key: `PEPPER-ID:` and 64 lower-case hex digits of the keyed BLAKE2b-256 of the whole
 * key, the pepper being the key of the hash (crypto_generichash). In pool. */
const char *apikey_hash(const keyring_key_t *pepper, const char *key, apr_pool_t *pool);

/* The hashes of a key under every pepper of the ring, as a PostgreSQL text[] literal for `= ANY`. In pool. */
const char *apikey_hashes(const keyring_t *ring, const char *key, apr_pool_t *pool);

#endif
