/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../http/reply.h"
#include "../json/member.h"
#include "../resource/resources.h"
#include "../text.h"
#include "../twilio/access.h"
#include "authority.h"
#include "fetch.h"
#include "once.h"
#include "sealed.h"

static const problem_t *refuse_identity(api_t *api, const char *code, const char *detail)
{
    api->exchange.errors = apr_array_make(api->exchange.r->pool, 1, sizeof(problem_error_t));
    APR_ARRAY_PUSH(api->exchange.errors, problem_error_t) = (problem_error_t){"/identity", code, detail};
    return &problem_invalid;
}

/* The name of the user who asks, which is given or meant. */
static const problem_t *name_user(api_t *api, const char *given, const char **identity)
{
    *identity = access_identity(api->scope.tenant->user, api->exchange.r->pool);
    if (strlen(*identity) > RESOURCE_IDENTITY_MAX)
        return refuse_identity(api, "length", "would be the user's id, which is too long for it");
    if (!given || strcmp(given, *identity) == 0)
        return NULL;
    api->exchange.detail =
        apr_psprintf(api->exchange.r->pool, "A user's login gets tokens in its own name, which is %s.",
                     *identity);
    return &problem_user_forbidden;
}

/* Whom the token names. */
static const problem_t *find_identity(api_t *api, const char **identity)
{
    const char *given = api->input.values[TOKEN_IDENTITY];

    switch (authority_right(api)) {
    case RIGHT_ALL:
        *identity = given;
        return given ? NULL : refuse_identity(api, "required", "must be given");
    case RIGHT_OWN:
        return name_user(api, given, identity);
    default:
        return &problem_user_forbidden;
    }
}

/* What the tenant lacks: names, with commas; "": nothing. */
static const char *what_is_missing(const api_t *api, const resource_t *profile, rows_t *rows)
{
    static const struct {
        const char *shown; /* by which field it shows */
        const char *name;
    } needed[] = {
        {"twilio_account_sid", "twilio_account_sid"},
        {"twilio_api_key_sid", "twilio_api_key_sid"},
        {"twilio_api_key_secret_set", "twilio_api_key_secret"},
    };
    const char *missing = "";

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        const char *value = fetch_value(profile, rows, needed[i].shown);

        if (!value || !*value)
            missing = apr_pstrcat(api->exchange.r->pool, missing, *missing ? ", " : "", needed[i].name, NULL);
    }
    return missing;
}

/* What the body asks for. */
static access_t what_is_granted(const api_t *api, const char *identity)
{
    const char *ttl = api->input.values[TOKEN_TTL];
    const input_t *voice = api->input.inner[TOKEN_VOICE];
    const input_t *incoming = voice->inner ? voice->inner[VOICE_INCOMING] : NULL;
    const input_t *outgoing = voice->inner ? voice->inner[VOICE_OUTGOING] : NULL;

    return (access_t){
        .identity = identity,
        .issued_at = apr_time_sec(apr_time_now()),
        .ttl = ttl ? atoi(ttl) : RESOURCE_TTL_DEFAULT,
        .incoming_allow = incoming && strcmp(incoming->values[INCOMING_ALLOW], "true") == 0,
        .application_sid = outgoing ? outgoing->values[OUTGOING_APPLICATION] : NULL,
        .params = outgoing ? outgoing->values[OUTGOING_PARAMS] : NULL,
        .push_credential_sid = voice->values[VOICE_PUSH_CREDENTIAL],
    };
}

/* Signs with the secret of the tenant's row, of which nothing is left behind. */
static const problem_t *sign(const api_t *api, const access_t *access, const resource_t *profile,
                             rows_t *rows, const char **token)
{
    sealed_secret_t secret;
    const problem_t *problem;
    apr_pool_t *pool;

    apr_pool_create(&pool, api->exchange.r->pool);
    problem = sealed_open(api, profile, "twilio_api_key_secret", rows, &secret, pool);
    if (!problem)
        *token = access_sign(access, secret.text, secret.length, api->exchange.r->pool);
    apr_pool_destroy(pool);
    return problem;
}

static const problem_t *answer(api_t *api, const access_t *access, const char *token)
{
    enum { REST = 128 }; /* names, time and punctuation */
    writer_t *writer = once_writer(api, strlen(token) + strlen(access->identity) + REST);

    member_object(writer, NULL);
    member_text(writer, "token", token);
    member_text(writer, "identity", access->identity);
    member_text(writer, "expires_at",
                text_utc(apr_time_from_sec(access->issued_at + access->ttl), api->exchange.r->pool));
    member_object_end(writer);
    writer_literal(writer, "\n");
    return exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_OK, writer));
}

const problem_t *tokens_run(api_t *api)
{
    const resource_t *profile = resource_find("tenant", strlen("tenant"), 0);
    const char *identity, *token, *missing;
    const problem_t *problem = find_identity(api, &identity);
    access_t access;
    rows_t *rows;

    if (!problem)
        problem = fetch_single(api, profile, &rows);
    if (problem || !rows)
        return problem ? problem : &problem_misconfigured;
    missing = what_is_missing(api, profile, rows);
    if (*missing) {
        api->exchange.detail = apr_pstrcat(api->exchange.r->pool, "The tenant has no ", missing, ".", NULL);
        return &problem_twilio_not_set_up;
    }
    access = what_is_granted(api, identity);
    access.account_sid = fetch_value(profile, rows, "twilio_account_sid");
    access.api_key_sid = fetch_value(profile, rows, "twilio_api_key_sid");
    problem = sign(api, &access, profile, rows, &token);
    return problem ? problem : answer(api, &access, token);
}
