/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_KEYNAME_H
#define TENANT_SECRET_KEYNAME_H

#include <apr.h>
#include <stdint.h>

/* What a key is called, in key files and wherever else one is named: its purpose and its id, a decimal
 * number from 1 to 4294967295 that is unique within the purpose. */

/* What a key is for. */
typedef enum keyname_purpose_t {
    KEYNAME_SEAL,
    KEYNAME_PEPPER,
} keyname_purpose_t;

/* How many there are. */
enum { KEYNAME_PURPOSES = KEYNAME_PEPPER + 1 };

/* `seal` or `pepper`: how a purpose is written. */
const char *keyname_word(keyname_purpose_t purpose);

/* Reads a purpose from exactly these characters; 0 where they are none. */
int keyname_purpose(keyname_purpose_t *purpose, const char *text, apr_size_t length);

/* Reads a key's id from exactly these characters: decimal, 1 to 4294967295, no leading zero, so that a key
 * has one name only. 0 where they are none. */
uint32_t keyname_id(const char *text, apr_size_t length);

#endif
