/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <apr_escape.h>
#include <apr_sha1.h>
#include <apr_strings.h>

const char *file_tag(const char *bytes, apr_size_t length, apr_pool_t *pool)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha1;

    apr_sha1_init(&sha1);
    apr_sha1_update_binary(&sha1, (const unsigned char *)bytes, (unsigned)length);
    apr_sha1_final(digest, &sha1);
    return apr_pstrcat(pool, "\"", apr_pescape_hex(pool, digest, sizeof digest, 0), "\"", NULL);
}
