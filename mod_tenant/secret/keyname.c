/* SPDX-License-Identifier: Apache-2.0 */
#include "keyname.h"

#include <string.h>

static const char *const words[KEYNAME_PURPOSES] = {[KEYNAME_SEAL] = "seal", [KEYNAME_PEPPER] = "pepper"};

const char *keyname_word(keyname_purpose_t purpose)
{
    return words[purpose];
}

int keyname_purpose(keyname_purpose_t *purpose, const char *text, apr_size_t length)
{
    for (int n = 0; n < KEYNAME_PURPOSES; n++) {
        if (strlen(words[n]) == length && memcmp(words[n], text, length) == 0) {
            *purpose = (keyname_purpose_t)n;
            return 1;
        }
    }
    return 0;
}

uint32_t keyname_id(const char *text, apr_size_t length)
{
    uint64_t id = 0;

    if (length < 1 || length > sizeof "4294967295" - 1 || *text == '0')
        return 0;
    for (apr_size_t n = 0; n < length; n++) {
        if (text[n] < '0' || text[n] > '9')
            return 0;
        id = id * 10 + (uint64_t)(text[n] - '0');
    }
    return id <= UINT32_MAX ? (uint32_t)id : 0;
}
