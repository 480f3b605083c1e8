/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_SPAN_H
#define TENANT_HTTP_SPAN_H

#include <apr.h>

/* A stretch of a header's value, without white space around it. */
typedef struct span_t {
    const char *start;
    apr_size_t length;
} span_t;

/* Cuts the text from *rest to end off at the first separator outside of a quoted string, and moves *rest
 * behind that. */
span_t span_next(const char **rest, const char *end, char separator);

/* Whether it is this text; case is ignored. */
int span_is(span_t span, const char *text);

#endif
