/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_FINGERPRINT_H
#define TENANT_SECRET_FINGERPRINT_H

#include "digest.h"
#include "keyring.h"

typedef struct fingerprint_key_t {
    unsigned char bytes[32];
} fingerprint_key_t;

/* Makes a key from the kernel's random numbers. Like libsodium it aborts the process where the kernel has
 * none to give. */
void fingerprint_key_make(fingerprint_key_t *key);

/* Stands for a list of texts, ended by NULL, such as a login with its password: 128 bits of keyed BLAKE2b.
 * Without the key nothing can be found out about the texts, nor others that have the same one. Leaves no copy
 * of the texts behind. */
digest_t fingerprint_make(const fingerprint_key_t *key, const char *const *texts);

enum { FINGERPRINT_CONTENT_BYTES = 32 };

/* Stands for bytes of any kind, in what is kept on disk: BLAKE2b-256 under a pepper, personalised, so that it
 * is no hash of an API key. Without the pepper it says nothing about the bytes, and two scopes have another
 * one for the same bytes. */
void fingerprint_content(unsigned char fingerprint[FINGERPRINT_CONTENT_BYTES], const keyring_key_t *pepper,
                         const char *scope, const char *bytes, size_t length);

#endif
