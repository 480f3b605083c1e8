/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TEXT_H
#define TENANT_TEXT_H

#include <apr_pools.h>

/* How many characters (code points) length bytes of valid UTF-8 are. */
int text_characters(const char *text, apr_size_t length);

/* Whether bytes are UTF-8 (RFC 3629) without NUL: what PostgreSQL takes as text. */
int text_is_utf8(const char *text, apr_size_t length);

/* Whether a text holds a C0 control character. */
int text_has_controls(const char *text, apr_size_t length);

#endif
