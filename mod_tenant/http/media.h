/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_MEDIA_H
#define TENANT_HTTP_MEDIA_H

#include <apr_pools.h>

/* What bodies are, and which of that a PATCH may bring (RFC 7396). */
#define MEDIA_JSON        "application/json"
#define MEDIA_MERGE_PATCH "application/merge-patch+json"
#define MEDIA_OF_PATCH    MEDIA_MERGE_PATCH ", " MEDIA_JSON

/* Whether an Accept header (RFC 9110 section 12.5.1; NULL: anything) takes a media type. The most specific
 * range that fits decides; q=0 refuses. A member that is not a media range is skipped. */
int media_is_accepted(const char *accept, const char *type);

/* Which of some media types, ended by NULL, an Accept header likes best: the index of the one with the
 * highest q, of equal ones the first. -1: it takes none. */
int media_choose(const char *accept, const char *const *types);

/* Whether a Content-Type names a media type, whatever its parameters; a charset may only be UTF-8. */
int media_is(const char *content_type, const char *type);

#endif
