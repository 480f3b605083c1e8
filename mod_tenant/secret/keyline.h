/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_KEYLINE_H
#define TENANT_SECRET_KEYLINE_H

#include "keyname.h"

/* A line of the key file, as keyring_read() describes it. */
typedef struct keyline_t {
    keyname_purpose_t purpose;
    uint32_t id;        /* 0: the line is empty or a comment, and the rest means nothing */
    const char *base64; /* within the line */
    apr_size_t length;  /* of base64 */
    int primary;
} keyline_t;

/* Reads a line without its newline. NULL, or what is wrong with it, in words that quote nothing of it: a key
 * may stand anywhere in a line that somebody mistyped. Whether base64 is a key is for the keyring to say. */
const char *keyline_read(keyline_t *key, const char *line, apr_size_t length);

/* The id in a comment `# seal|pepper ID retired`, which stands where a key of the purpose was; else 0. An id
 * that was in use once must not come to mean another key. */
uint32_t keyline_retired(keyname_purpose_t purpose, const char *line, apr_size_t length);

#endif
