/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_PERCENT_H
#define TENANT_HTTP_PERCENT_H

#include <apr.h>

/* Decodes length bytes of a query or form (RFC 3986 section 2.1) into to, which has room for length + 1: `+`
 * becomes what plus is, a NUL follows. The result's length; -1: an escape is broken. The result is any bytes,
 * NUL among them. */
apr_ssize_t percent_decode(char *to, const char *text, apr_size_t length, char plus);

#endif
