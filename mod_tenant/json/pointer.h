/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_POINTER_H
#define TENANT_JSON_POINTER_H

#include <apr.h>

/* Writes a member's name as a reference token of a JSON Pointer (RFC 6901 section 3): `~` is `~0`, `/` is
 * `~1`. to has room for 2 * length bytes; returns where the token ends, without a NUL. */
char *pointer_put(char *to, const char *name, apr_size_t length);

#endif
