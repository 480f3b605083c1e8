/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests that are no rows. */
#include <apr_strings.h>

#include "check.h"
#include "resource.h"

const resource_t resource_rotation = {
    .name = "key",
    .operations = RESOURCE_CREATE,
    .fields =
        (const field_t[]){
            {.name = "grace_seconds",
             .type = FIELD_INTEGER,
             .min = 0,
             .max = RESOURCE_GRACE_MAX,
             .about = "How long the former key goes on working, in seconds; by default a day.",
             .example = APR_STRINGIFY(RESOURCE_GRACE_DEFAULT)},
            {0},
        },
};

static const resource_t incoming = {
    .name = "incoming",
    .fields =
        (const field_t[]){
            [INCOMING_ALLOW] = {.name = "allow",
                                .type = FIELD_BOOLEAN,
                                .flags = FIELD_REQUIRED,
                                .about = "Whether calls to `client:IDENTITY` reach it."},
            {0},
        },
};

static const resource_t outgoing = {
    .name = "outgoing",
    .fields =
        (const field_t[]){
            [OUTGOING_APPLICATION] = {.name = "application_sid",
                                      .type = FIELD_TEXT,
                                      .flags = FIELD_REQUIRED,
                                      .min = 34,
                                      .max = 34,
                                      .check = check_application_sid,
                                      .about = "The TwiML application that answers what the client dials."},
            [OUTGOING_PARAMS] = {.name = "params",
                                 .type = FIELD_TEXTS,
                                 .min = 0,
                                 .max = 256,
                                 .about = "What the application gets as well, by names of your choice.",
                                 .example = "{\"department\":\"support\"}"},
            {0},
        },
};

static const resource_t voice = {
    .name = "voice",
    .fields =
        (const field_t[]){
            [VOICE_INCOMING] = {.name = "incoming",
                                .type = FIELD_OBJECT,
                                .members = &incoming,
                                .about = "Whether the client may be called; by default it may not."},
            [VOICE_OUTGOING] = {.name = "outgoing",
                                .type = FIELD_OBJECT,
                                .members = &outgoing,
                                .about = "Where its own calls go; by default it may make none."},
            [VOICE_PUSH_CREDENTIAL] = {.name = "push_credential_sid",
                                       .type = FIELD_TEXT,
                                       .min = 34,
                                       .max = 34,
                                       .check = check_push_credential_sid,
                                       .about =
                                           "The push credential by which a mobile client hears of calls."},
            {0},
        },
};

const resource_t resource_token = {
    .name = "twilio/token",
    .operations = RESOURCE_CREATE,
    .is_token = 1,
    .fields =
        (const field_t[]){
            [TOKEN_IDENTITY] = {.name = "identity",
                                .type = FIELD_TEXT,
                                .min = 1,
                                .max = RESOURCE_IDENTITY_MAX,
                                .check = check_identity,
                                .about = "The name of the client at Twilio: calls to `client:IDENTITY` reach "
                                         "it.",
                                .example = "desk_7"},
            [TOKEN_TTL] = {.name = "ttl",
                           .type = FIELD_INTEGER,
                           .min = RESOURCE_TTL_MIN,
                           .max = RESOURCE_TTL_MAX,
                           .about = "How long the token holds, in seconds; by default an hour.",
                           .example = APR_STRINGIFY(RESOURCE_TTL_DEFAULT)},
            [TOKEN_VOICE] = {.name = "voice",
                             .type = FIELD_OBJECT,
                             .flags = FIELD_REQUIRED,
                             .members = &voice,
                             .about = "What it may do with Twilio's Voice SDKs."},
            {0},
        },
};
