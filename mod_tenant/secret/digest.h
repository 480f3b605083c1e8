/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_DIGEST_H
#define TENANT_SECRET_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* A short stand-in for a text, within one process: 128 bits of SipHash under a key that nobody else knows, so
 * that no two texts with the same one can be found, nor many that fall together in a table. */
typedef struct digest_t {
    uint64_t words[2];
} digest_t;

typedef struct digest_key_t {
    unsigned char bytes[16];
} digest_key_t;

/* Makes a key from the kernel's random numbers. Like libsodium it aborts the process where the kernel has
 * none to give. */
void digest_key_make(digest_key_t *key);

digest_t digest_make(const digest_key_t *key, const char *text, size_t length);

#endif
