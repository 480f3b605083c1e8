/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

#include <sodium.h>

int base64_decode(unsigned char *bytes, size_t capacity, size_t *size, const char *text, size_t length,
                  int variant)
{
    unsigned char high = 0;

    /* Where char is signed, libsodium 1.0.18 takes every byte from 0x80 on for the last digit. */
    for (size_t n = 0; n < length; n++)
        high |= (unsigned char)text[n];
    return high < 0x80 && sodium_base642bin(bytes, capacity, text, length, NULL, size, NULL, variant) == 0;
}
