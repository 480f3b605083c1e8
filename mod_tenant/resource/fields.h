/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_FIELDS_H
#define TENANT_RESOURCE_FIELDS_H

#include <limits.h>

#include "check.h"

/* Members of THE table's entries that several resources have (resource.h says what each part means). */

/* What a field may hold where it is PostgreSQL's integer that limits it. */
#define ANY_INTEGER .min = 0, .max = INT_MAX

/* Fields that several resources have. */
#define ID                                                                                                   \
    {                                                                                                        \
        .name = "id", .type = FIELD_INTEGER, .flags = FIELD_READ_ONLY | FIELD_FILTER, ANY_INTEGER,           \
        .about = "The server's name for the row.", .example = "1017"                                         \
    }
/* The same where there may be more rows than an integer can count. */
#define BIG_ID                                                                                               \
    {                                                                                                        \
        .name = "id", .type = FIELD_INTEGER, .flags = FIELD_READ_ONLY | FIELD_FILTER | FIELD_BIG,            \
        ANY_INTEGER, .about = "The server's name for the row.", .example = "1017"                            \
    }
#define TENANT_ID                                                                                            \
    {                                                                                                        \
        .name = "tenant_id", .type = FIELD_INTEGER, .flags = FIELD_READ_ONLY | FIELD_TENANT, ANY_INTEGER,    \
        .about = "Whose row it is: your tenant's id.", .example = "7"                                        \
    }
#define SID(checked)                                                                                         \
    {                                                                                                        \
        .name = "sid", .type = FIELD_TEXT,                                                                   \
        .flags = FIELD_REQUIRED | FIELD_WRITE_ONCE | FIELD_KEY | FIELD_FILTER, .min = 34, .max = 34,         \
        .check = (checked), .about = "Twilio's name for it; unique among all tenants."                       \
    }
#define PARTY(field, what, sample)                                                                           \
    {                                                                                                        \
        .name = (field), .type = FIELD_TEXT, .flags = FIELD_NULLABLE | FIELD_FILTER | FIELD_PARTY, .min = 0, \
        .max = 320, .about = (what), .example = (sample)                                                     \
    }
#define FROM_NUMBER                                                                                          \
    PARTY("from_number", "Whom it came from: a phone number or a SIP address.", "+12025550100")
#define TO_NUMBER PARTY("to_number", "Whom it went to: a phone number or a SIP address.", "+13125550142")
#define STATUS                                                                                               \
    {                                                                                                        \
        .name = "status", .type = FIELD_TEXT, .flags = FIELD_NULLABLE | FIELD_FILTER, .min = 1, .max = 20,   \
        .check = check_status, .about = "Twilio's word for how far it has come."                             \
    }
#define CREATED_AT                                                                                           \
    {                                                                                                        \
        .name = "created_at", .type = FIELD_TIME, .flags = FIELD_WRITE_ONCE | FIELD_FILTER | FIELD_RANGE,    \
        .fallback = "now()", .about = "When it began; by default the time of its creation here."             \
    }
/* What Twilio alone says, by its events. */
#define TWILIO_WORD(field, most, checked, sample)                                                            \
    .name = (field), .type = FIELD_TEXT,                                                                     \
    .flags = FIELD_READ_ONLY | FIELD_NULLABLE | FIELD_FILTER | FIELD_SPARSE, .min = 1, .max = (most),        \
    .check = (checked), .example = (sample)
#define TWILIO_NUMBER(field)                                                                                 \
    .name = (field), .type = FIELD_INTEGER, .flags = FIELD_READ_ONLY | FIELD_NULLABLE, ANY_INTEGER
#define TWILIO_TIME(field) .name = (field), .type = FIELD_TIME, .flags = FIELD_READ_ONLY | FIELD_NULLABLE
#define DIRECTION                                                                                            \
    {                                                                                                        \
        TWILIO_WORD("direction", 32, check_status, "inbound"),                                               \
            .about = "Whether it came in or went out: Twilio's word, such as `inbound` or `outbound-api`."   \
    }
#define TIME_OF_SERVER(field)                                                                                \
    .name = (field), .type = FIELD_TIME,                                                                     \
    .flags = FIELD_READ_ONLY | FIELD_FILTER | FIELD_RANGE | FIELD_LEGACY_NULL, .fallback = "now()"
#define TWILIO_SID(field, checked)                                                                           \
    {                                                                                                        \
        .name = (field), .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .min = 34, .max = 34,                  \
        .check = (checked)                                                                                   \
    }
#define SECRET(field, ended_by)                                                                              \
    {                                                                                                        \
        .name = (field), .type = FIELD_SECRET, .flags = FIELD_NULLABLE, .min = 1, .max = 256,                \
        .check = check_printable, .grace = (ended_by)                                                        \
    }
#define SECRET_SET(field, kept)                                                                              \
    {                                                                                                        \
        .name = (field), .type = FIELD_SEALED, .flags = FIELD_READ_ONLY, .column = (kept)                    \
    }

/* What both the tenant and the administrator see of its Twilio account. */
#define TWILIO                                                                                               \
    TWILIO_SID("twilio_account_sid", check_account_sid),                                                     \
        SECRET("twilio_auth_token", "twilio_auth_token_previous_until"),                                     \
        SECRET_SET("twilio_auth_token_set", "twilio_auth_token"),                                            \
        {.name = "twilio_auth_token_previous_until",                                                         \
         .type = FIELD_TIME,                                                                                 \
         .flags = FIELD_NULLABLE,                                                                            \
         .check = check_grace_end,                                                                           \
         .about = "Until when the token that was replaced verifies webhooks as well: within 30 days. Null: " \
                  "there is none."},                                                                         \
        TWILIO_SID("twilio_api_key_sid", check_api_key_sid), SECRET("twilio_api_key_secret", NULL),          \
        SECRET_SET("twilio_api_key_secret_set", "twilio_api_key_secret"),                                    \
    {                                                                                                        \
        .name = "twilio_phone_number", .type = FIELD_TEXT, .flags = FIELD_NULLABLE, .min = 3, .max = 16,     \
        .check = check_phone                                                                                 \
    }

/* What the audit says: of a tenant to that, of all to the administrator. */
#define AUDIT_TEXT(field, more, most)                                                                        \
    .name = (field), .type = FIELD_TEXT, .flags = FIELD_READ_ONLY | (more), .min = 1, .max = (most)
#define AUDIT_TIME                                                                                           \
    {                                                                                                        \
        .name = "created_at", .type = FIELD_TIME, .flags = FIELD_READ_ONLY | FIELD_FILTER | FIELD_RANGE,     \
        .about = "When it was changed."                                                                      \
    }
#define AUDIT_WHAT(filter)                                                                                   \
    {AUDIT_TEXT("action", FIELD_FILTER, 32), .check = check_status,                                          \
     .about = "What was done: `create`, `update`, `delete`; `make_key`, `rotate_key`, `revoke_key`; "        \
              "`change_password`, `rehash_password`; `truncate`, `purge`, `erase`, `import`.",               \
     .example = "rotate_key"},                                                                               \
        {AUDIT_TEXT("kind", FIELD_FILTER, 63),                                                               \
         .about = "What it was done to: `tenants`, `users`, `settings`, `calls` and so on.",                 \
         .example = "tenants"},                                                                              \
        {AUDIT_TEXT("row_id", FIELD_NULLABLE | (filter), 256), .about = "The id of the row.",                \
         .example = "7"},                                                                                    \
    {                                                                                                        \
        AUDIT_TEXT("changes", 0, 16384),                                                                     \
            .about = "The fields that were changed, as JSON text: an object with a member for each, which "  \
                     "has `old` and `new`, or is `\"changed\"` where the field may be secret.",              \
            .example = "{\"name\":{\"old\":\"Acme\",\"new\":\"Acme Inc.\"}}"                                 \
    }
#define AUDIT_WHO(filter)                                                                                    \
    {AUDIT_TEXT("actor_type", 0, 32), .check = check_status,                                                 \
     .about = "Who did it: `key`, `user`, `admin`, `tenantctl`, or a `role` of the database.",               \
     .example = "key"},                                                                                      \
        {AUDIT_TEXT("actor", filter, 320),                                                                   \
         .about = "Its name: of a key the beginning of its hash; of a user the id.",                         \
         .example = "1:9f86d081"},                                                                           \
        {AUDIT_TEXT("role", 0, 63), .about = "The role of the database that was connected.",                 \
         .example = "tenant_api"},                                                                           \
        {AUDIT_TEXT("address", FIELD_NULLABLE, 64), .about = "The client's address.",                        \
         .example = "192.0.2.7"},                                                                            \
    {                                                                                                        \
        AUDIT_TEXT("request_id", FIELD_NULLABLE, 128), .about = "The request's name in the server's logs.",  \
                                                       .example = "aSK3f8AAAQEAAB2cXkEAAAAB"                 \
    }

/* What bills are made of; the same for a tenant and for the administrator. */
#define USAGE_NUMBER(field, what)                                                                            \
    {                                                                                                        \
        .name = (field), .type = FIELD_INTEGER, .flags = FIELD_READ_ONLY | FIELD_BIG, ANY_INTEGER,           \
        .about = (what)                                                                                      \
    }
#define USAGE(more)                                                                                          \
    {.name = "day",                                                                                          \
     .type = FIELD_DATE,                                                                                     \
     .flags = FIELD_READ_ONLY | FIELD_FILTER | FIELD_PERIOD | (more),                                        \
     .about = "The day, of UTC."},                                                                           \
        USAGE_NUMBER("requests", "Requests that were answered, errors too."),                                \
        USAGE_NUMBER("rows_written", "Rows that requests have made, changed or removed."),                   \
        USAGE_NUMBER("bytes_out", "Bytes of the bodies of answers."),                                        \
        USAGE_NUMBER("calls", "Calls that began on the day."),                                               \
        USAGE_NUMBER("call_seconds", "How long these were together."),                                       \
        USAGE_NUMBER("messages", "Messages of the day."),                                                    \
        USAGE_NUMBER("recordings", "Recordings of the day."),                                                \
        USAGE_NUMBER("recording_seconds", "How long these are together.")

#endif
