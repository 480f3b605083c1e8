/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include "../problem.h"
#include "field.h"
#include "names.h"
#include "operation.h"
#include "responses.h"
#include "schema.h"
#include "security.h"

static const char tag[] = "twilio";

/* The longest token: what FIELD_TEXTS may hold, in UTF-8 and then in base64, and 8 KiB for the rest. */
enum {
    UTF8_MAX = 4,
    TEXT_MAX = 256, /* of a member of params */
    TOKEN_MAX = FIELD_TEXTS_MAX * (FIELD_TEXTS_NAME_MAX + TEXT_MAX) * UTF8_MAX / 3 * 4 + 8192,
};

static const resource_t answer = {
    .name = "token",
    .fields =
        (const field_t[]){
            {.name = "token",
             .type = FIELD_TEXT,
             .max = TOKEN_MAX,
             .about = "What the SDK takes: a JSON Web Token (RFC 7519).",
             .example = "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo"},
            {.name = "identity",
             .type = FIELD_TEXT,
             .max = RESOURCE_IDENTITY_MAX,
             .about = "Whom it names.",
             .example = "desk_7"},
            {.name = "expires_at", .type = FIELD_TIME, .about = "Until when it holds."},
            {0},
        },
};

void openapi_token_tag(const openapi_t *openapi)
{
    member_object(openapi->writer, NULL);
    member_text(openapi->writer, "name", tag);
    member_text(openapi->writer, "description",
                "What programs with Twilio's SDKs need to make and take calls themselves.");
    member_object_end(openapi->writer);
}

/* Whom a token may name, as who asks may have it. */
static const char *description(const openapi_t *openapi)
{
    const char *about =
        "Signed in the server with the tenant's Twilio API key, whose secret is never shown. A "
        "token cannot be taken back before it expires. Each request makes another one.";

    if (rights_of(openapi->location, &resource_token, CALLER_USER, 0) != RIGHT_OWN)
        return openapi_sentence(openapi, "%s `identity` has to be given.", about);
    return openapi_sentence(openapi,
                            "%s With an API key `identity` has to be given, and may be any. A user's login "
                            "gets tokens in its own name alone, which is meant where none is given: the "
                            "user's id, of which each byte that is no letter or digit is `_` and two "
                            "hexadecimal digits.",
                            about);
}

void openapi_token_path(const openapi_t *openapi)
{
    static const problem_t *const conflicts[] = {&problem_twilio_not_set_up};

    member_object(openapi->writer, openapi_path(openapi, &resource_token));
    openapi_operation_begin(openapi, "post", "createAccessToken", tag, "Make a token for Twilio's Voice SDKs",
                            description(openapi));
    openapi_security(openapi, &resource_token, 0);
    openapi_request_body(openapi, "AccessTokenCreate", "", &resource_token, OPENAPI_CREATE);
    member_object(openapi->writer, "responses");
    openapi_response_json(openapi, "200", "The token, this once.", NULL, "AccessToken", &answer);
    openapi_problems(openapi, "409", conflicts, 1);
    openapi_operation_end(openapi, OPENAPI_ALWAYS | OPENAPI_WITH_BODY | OPENAPI_INVALID);
    member_object_end(openapi->writer);
}

static void write_properties(const openapi_t *openapi, const resource_t *resource, openapi_use_t use)
{
    member_object(openapi->writer, "properties");
    for (const field_t *field = resource->fields; field->name; field++)
        openapi_field(openapi, field->name, field, use);
    member_object_end(openapi->writer);
}

static void write_body(const openapi_t *openapi)
{
    static const char *const required[] = {"voice", NULL};

    openapi_object_begin(openapi, "AccessTokenCreate", "What a token shall be for.");
    member_texts(openapi->writer, "required", required);
    write_properties(openapi, &resource_token, OPENAPI_CREATE);
    member_object_end(openapi->writer);
}

static void write_answer(const openapi_t *openapi)
{
    openapi_object_begin(openapi, "AccessToken", "A token for Twilio's Voice SDKs.");
    member_array(openapi->writer, "required");
    for (const field_t *field = answer.fields; field->name; field++)
        member_text(openapi->writer, NULL, field->name);
    member_array_end(openapi->writer);
    write_properties(openapi, &answer, OPENAPI_SHOWN);
    member_object_end(openapi->writer);
}

void openapi_token_schemas(const openapi_t *openapi)
{
    write_body(openapi);
    write_answer(openapi);
}
