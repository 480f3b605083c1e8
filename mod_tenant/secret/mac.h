/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_MAC_H
#define TENANT_SECRET_MAC_H

#include <stddef.h>

/* What others sign with. */

enum { MAC_SHA1_BYTES = 20, MAC_SHA256_BYTES = 32 };

/* A part of what is signed. */
typedef struct mac_part_t {
    const char *bytes;
    size_t length;
} mac_part_t;

/* HMAC-SHA1 (RFC 2104) of parts, one behind the other. Nothing of the key is left behind. */
void mac_sha1(unsigned char mac[MAC_SHA1_BYTES], const char *key, size_t key_length, const mac_part_t *parts,
              int count);

/* HMAC-SHA256 (RFC 2104, RFC 4231) likewise. */
void mac_sha256(unsigned char mac[MAC_SHA256_BYTES], const char *key, size_t key_length,
                const mac_part_t *parts, int count);

/* A MAC in base64 (RFC 4648 section 4, with its padding), NUL-terminated. */
enum { MAC_TEXT_SIZE = 29 };
void mac_text(char text[MAC_TEXT_SIZE], const unsigned char mac[MAC_SHA1_BYTES]);

/* Whether a text is the base64 of a MAC, by those same rules. How long it takes says
 * nothing about the MAC. */
int mac_is(const unsigned char mac[MAC_SHA1_BYTES], const char *base64, size_t length);

/* Whether a text is the SHA-256 of bytes, in hexadecimal digits. */
int mac_is_sha256(const char *hex, size_t hex_length, const char *bytes, size_t length);

#endif
