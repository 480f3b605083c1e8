/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_BASE64_H
#define TENANT_SECRET_BASE64_H

#include <stddef.h>

/* Decodes base64 of one of libsodium's variants (sodium_base64_VARIANT_…), in time that does not depend on
 * what the characters are. Exactly one text stands for given bytes: no other character, no loose bits,
 * padding as the variant has it. 1: bytes holds *size of them. 0: text is not that, or longer than capacity;
 * bytes is undefined. */
int base64_decode(unsigned char *bytes, size_t capacity, size_t *size, const char *text, size_t length,
                  int variant);

#endif
