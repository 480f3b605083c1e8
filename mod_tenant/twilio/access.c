/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "../json/member.h"
#include "../secret/jwt.h"

static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"cty\":\"twilio-fpa;v=1\"}";

/* What is not granted is left out, as Twilio's libraries do. */
static void write_voice(writer_t *writer, const access_t *access)
{
    member_object(writer, "voice");
    if (access->incoming_allow) {
        member_object(writer, "incoming");
        member_boolean(writer, "allow", 1);
        member_object_end(writer);
    }
    if (access->application_sid) {
        member_object(writer, "outgoing");
        member_text(writer, "application_sid", access->application_sid);
        if (access->params)
            member_json(writer, "params", access->params);
        member_object_end(writer);
    }
    if (access->push_credential_sid)
        member_text(writer, "push_credential_sid", access->push_credential_sid);
    member_object_end(writer);
}

static void write_claims(writer_t *writer, const access_t *access)
{
    member_object(writer, NULL);
    member_text(writer, "jti",
                apr_psprintf(writer->pool, "%s-%" APR_INT64_T_FMT, access->api_key_sid, access->issued_at));
    member_object(writer, "grants");
    member_text(writer, "identity", access->identity);
    write_voice(writer, access);
    member_object_end(writer);
    member_integer(writer, "iat", access->issued_at);
    member_integer(writer, "exp", access->issued_at + access->ttl);
    member_text(writer, "iss", access->api_key_sid);
    member_text(writer, "sub", access->account_sid);
    member_object_end(writer);
}

const char *access_sign(const access_t *access, const char *secret, apr_size_t secret_length,
                        apr_pool_t *pool)
{
    enum { EXPECTED = 1024 };
    writer_t claims;

    writer_init(&claims, pool, EXPECTED);
    write_claims(&claims, access);
    return jwt_sign((jwt_part_t){header, sizeof header - 1}, (jwt_part_t){claims.text, claims.length}, secret,
                    secret_length, pool);
}

const char *access_identity(const char *user, apr_pool_t *pool)
{
    static const char digits[] = "0123456789abcdef";
    char *identity = apr_palloc(pool, 3 * strlen(user) + 1);
    char *to = identity;

    for (const unsigned char *c = (const unsigned char *)user; *c; c++) {
        if (apr_isalnum(*c)) {
            *to++ = (char)*c;
            continue;
        }
        *to++ = '_';
        *to++ = digits[*c >> 4];
        *to++ = digits[*c & 15];
    }
    *to = '\0';
    return identity;
}
