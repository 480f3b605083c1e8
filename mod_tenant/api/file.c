/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <apr_escape.h>
#include <apr_sha1.h>
#include <apr_strings.h>

#include "condition.h"
#include "reply.h"
#include "sender.h"

const char *file_tag(const char *bytes, apr_size_t length, apr_pool_t *pool)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha1;

    apr_sha1_init(&sha1);
    apr_sha1_update_binary(&sha1, (const unsigned char *)bytes, (unsigned)length);
    apr_sha1_final(digest, &sha1);
    return apr_pstrcat(pool, "\"", apr_pescape_hex(pool, digest, sizeof digest, 0), "\"", NULL);
}

const problem_t *file_answer(api_t *api, const file_t *file)
{
    int is_known;
    sender_t sender;
    const problem_t *problem = condition_hold(api, file->tag, &is_known);

    if (!problem && is_known)
        return api_answered(api, reply_file(api->r, HTTP_NOT_MODIFIED, file->type, NULL, 0));
    if (!problem)
        problem = sender_enter_answer(&sender, api, file->length);
    if (problem)
        return problem;
    api_answered(api, reply_file(api->r, HTTP_OK, file->type, file->bytes, file->length));
    sender_leave(&sender);
    return NULL;
}
