/* SPDX-License-Identifier: Apache-2.0 */
#include "resource.h"

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "check.h"

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
              "`change_password`, `rehash_password`; `truncate`, `purge`, `erase`.",                         \
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

const resource_t resources[] = {
    {
        .name = "tenant",
        .about = "The tenant itself: its profile, its Twilio account, its API key.",
        .table = "tenants",
        .tenant_column = "id",
        .operations = RESOURCE_READ | RESOURCE_UPDATE,
        .is_single = 1,
        .is_profile = 1,
        .is_audited = 1,
        .fields =
            (const field_t[]){
                ID,
                {.name = "name",
                 .type = FIELD_TEXT,
                 .flags = FIELD_REQUIRED,
                 .min = 1,
                 .max = 256,
                 .example = "Acme"},
                {.name = "status",
                 .type = FIELD_TEXT,
                 .flags = FIELD_READ_ONLY,
                 .min = 1,
                 .max = 50,
                 .check = check_tenant_status,
                 .about = "Whether the API serves you."},
                {.name = "custom_domain",
                 .type = FIELD_TEXT,
                 .flags = FIELD_READ_ONLY | FIELD_NULLABLE,
                 .min = 1,
                 .max = 253,
                 .check = check_domain,
                 .about = "The host name that is yours alone."},
                TWILIO,
                {0},
            },
    },
    {
        .name = "calls",
        .about = "Phone calls that were made or received.",
        .operations = RESOURCE_ALL,
        .fields =
            (const field_t[]){
                BIG_ID,
                SID(check_call_sid),
                TENANT_ID,
                FROM_NUMBER,
                TO_NUMBER,
                STATUS,
                CREATED_AT,
                DIRECTION,
                {TWILIO_NUMBER("duration"), .about = "How long it was, in seconds, once it has ended.",
                 .example = "42"},
                {TWILIO_WORD("parent_call_sid", 34, check_call_sid, NULL),
                 .about = "The sid of the call that made this one, as a dialled leg has it."},
                {TWILIO_TIME("answered_at"), .about = "When it was answered."},
                {TWILIO_TIME("ended_at"), .about = "When it ended."},
                {0},
            },
        .conflicts = (const conflict_t[]){{"calls_sid_key", &problem_sid_taken}, {0}},
    },
    {
        .name = "messages",
        .about = "Text messages that were sent or received.",
        .operations = RESOURCE_ALL,
        .fields =
            (const field_t[]){
                BIG_ID,
                SID(check_message_sid),
                TENANT_ID,
                FROM_NUMBER,
                TO_NUMBER,
                STATUS,
                {.name = "body",
                 .type = FIELD_TEXT,
                 .flags = FIELD_NULLABLE | FIELD_CONTROLS,
                 .min = 0,
                 .max = 4096,
                 .about = "The text of the message.",
                 .example = "Is my order on its way?"},
                CREATED_AT,
                DIRECTION,
                {.name = "error_code",
                 .type = FIELD_INTEGER,
                 .flags = FIELD_READ_ONLY | FIELD_NULLABLE | FIELD_FILTER | FIELD_SPARSE,
                 ANY_INTEGER,
                 .about = "Twilio's number for why it was not delivered.",
                 .example = "30003"},
                {TWILIO_NUMBER("num_media"), .about = "How many files came with it.", .example = "1"},
                {.name = "media",
                 .type = FIELD_TEXT,
                 .flags = FIELD_READ_ONLY | FIELD_NULLABLE,
                 .min = 0,
                 .max = 4096,
                 .about = "These files, as JSON text: an array of objects with `url` and `type`.",
                 .example = "[{\"url\":\"https://media.example.com/1\",\"type\":\"image/png\"}]"},
                {0},
            },
        .conflicts = (const conflict_t[]){{"messages_sid_key", &problem_sid_taken}, {0}},
    },
    {
        .name = "recordings",
        .about = "Recordings of calls: where they are and how long.",
        .has_sound = 1,
        .operations = RESOURCE_ALL,
        .fields =
            (const field_t[]){
                BIG_ID,
                SID(check_recording_sid),
                TENANT_ID,
                {.name = "call_sid",
                 .type = FIELD_TEXT,
                 .flags = FIELD_NULLABLE | FIELD_FILTER,
                 .min = 34,
                 .max = 34,
                 .check = check_call_sid,
                 .about = "The sid of the call that was recorded. That there is such a call is not checked."},
                {.name = "url",
                 .type = FIELD_TEXT,
                 .flags = FIELD_NULLABLE,
                 .min = 1,
                 .max = 2048,
                 .check = check_url,
                 .about = "Where the recording can be fetched: an absolute http or https URL."},
                {.name = "duration",
                 .type = FIELD_INTEGER,
                 .flags = FIELD_NULLABLE | FIELD_FILTER | FIELD_RANGE,
                 ANY_INTEGER,
                 .about = "Its length in seconds.",
                 .example = "42"},
                CREATED_AT,
                {TWILIO_WORD("status", 20, check_status, "completed"),
                 .about = "Twilio's word for how far it has come."},
                {TWILIO_NUMBER("channels"), .about = "1 for mono, 2 where each side has its own.",
                 .example = "2"},
                {.name = "source",
                 .type = FIELD_TEXT,
                 .flags = FIELD_READ_ONLY | FIELD_NULLABLE,
                 .min = 1,
                 .max = 40,
                 .about = "Twilio's word for what made it.",
                 .example = "DialVerb"},
                {0},
            },
        .conflicts = (const conflict_t[]){{"recordings_sid_key", &problem_sid_taken}, {0}},
    },
    {
        .name = "products",
        .about = "What the tenant sells. A server may show products without a key, by the Host.",
        .operations = RESOURCE_ALL,
        .is_public = 1,
        .fields =
            (const field_t[]){
                BIG_ID,
                TENANT_ID,
                {.name = "name",
                 .type = FIELD_TEXT,
                 .flags = FIELD_REQUIRED | FIELD_FILTER | FIELD_LEGACY_NULL,
                 .min = 1,
                 .max = 256,
                 .example = "Anvil"},
                {.name = "description",
                 .type = FIELD_TEXT,
                 .flags = FIELD_NULLABLE | FIELD_CONTROLS,
                 .min = 0,
                 .max = 16384,
                 .example = "Heavy, and hard to miss."},
                {0},
            },
    },
    {
        .name = "users",
        .about = "Who may log in as the tenant's user.",
        .is_users = 1,
        .is_audited = 1,
        .operations = RESOURCE_ALL,
        .order = ORDER_CREATED,
        .fields =
            (const field_t[]){
                {.name = "id",
                 .type = FIELD_TEXT,
                 .flags = FIELD_READ_ONLY | FIELD_FILTER,
                 .min = 1,
                 .max = 256,
                 .fallback = "user_id(gen_random_uuid()::text)",
                 .taken = "user_id(%s)",
                 .about = "The server's name for the user: a UUID, or the text that an earlier system gave.",
                 .example = "6f1c5b7e-3a52-4f0d-9b1e-2d8c7a6f5e40"},
                TENANT_ID,
                {.name = "email",
                 .type = FIELD_TEXT,
                 .flags = FIELD_REQUIRED | FIELD_FILTER | FIELD_LEGACY_NULL,
                 .min = 3,
                 .max = 254,
                 .check = check_email,
                 .lookup = "user_id_of_email",
                 .about = "What the user logs in with; unique within the tenant, whatever the case of its "
                          "letters."},
                {.name = "password",
                 .type = FIELD_PASSWORD,
                 .flags = FIELD_NULLABLE,
                 .min = 8,
                 .max = 1024,
                 .column = "password_hash",
                 .about = "What the user logs in with; null: the user cannot log in."},
                {TIME_OF_SERVER("created_at"), .about = "When the user was created."},
                {TIME_OF_SERVER("updated_at"), .on_update = "now()",
                 .about = "When the user was last changed through the API."},
                {0},
            },
        .conflicts = (const conflict_t[]){{"users_tenant_email_key", &problem_email_taken}, {0}},
    },
    {
        .name = "settings",
        .about = "The tenant's settings: there is one set, with defaults until something is stored.",
        .operations = RESOURCE_READ | RESOURCE_UPDATE,
        .is_single = 1,
        .is_audited = 1,
        .fields =
            (const field_t[]){
                ID,
                TENANT_ID,
                {.name = "auto_record_calls",
                 .type = FIELD_BOOLEAN,
                 .flags = FIELD_RESET | FIELD_LEGACY_NULL,
                 .fallback = "false",
                 .about = "Whether calls shall be recorded."},
                {0},
            },
    },
    {
        .name = "usage",
        .about = "What the tenant has used, by day, as it is billed: up to a minute ago, or, where there is "
                 "much, a few minutes.",
        .is_private = 1,
        .operations = RESOURCE_LIST,
        .fields = (const field_t[]){BIG_ID, TENANT_ID, USAGE(FIELD_UNIQUE), {0}},
    },
    {
        .name = "usage",
        .about = "What tenants have used, by day, as it is billed: up to a minute ago, or, where there is "
                 "much, a few minutes.",
        .spans_tenants = 1,
        .operations = RESOURCE_LIST,
        .fields =
            (const field_t[]){
                BIG_ID,
                {.name = "tenant_id",
                 .type = FIELD_INTEGER,
                 .flags = FIELD_READ_ONLY | FIELD_FILTER,
                 ANY_INTEGER,
                 .about = "Whose usage it is: the tenant's id.",
                 .example = "7"},
                USAGE(0),
                {0},
            },
    },
    {
        .name = "tenants",
        .about = "All tenants.",
        .spans_tenants = 1,
        .makes_keys = 1,
        .is_audited = 1,
        .operations = RESOURCE_ALL,
        .removable = "status = 'inactive'",
        .fields =
            (const field_t[]){
                ID,
                {.name = "name",
                 .type = FIELD_TEXT,
                 .flags = FIELD_REQUIRED | FIELD_FILTER,
                 .min = 1,
                 .max = 256,
                 .example = "Acme"},
                {.name = "status",
                 .type = FIELD_TEXT,
                 .flags = FIELD_FILTER,
                 .min = 1,
                 .max = 50,
                 .check = check_tenant_status,
                 .fallback = "'active'",
                 .about = "An inactive tenant's keys and users are refused."},
                {.name = "custom_domain",
                 .type = FIELD_TEXT,
                 .flags = FIELD_NULLABLE | FIELD_FILTER | FIELD_LOWER,
                 .min = 1,
                 .max = 253,
                 .check = check_domain,
                 .about = "The host name that is this tenant's alone."},
                TWILIO,
                {.name = "rate_limit",
                 .type = FIELD_TEXT,
                 .flags = FIELD_NULLABLE,
                 .min = 3,
                 .max = 40,
                 .check = check_rate_limit,
                 .about =
                     "How many requests it may send, as N/TIME, of seconds or with s, m or h, and how many "
                     "of them at once. Null: as many as the server's configuration says."},
                {0},
            },
        .conflicts = (const conflict_t[]){{"tenants_custom_domain_key", &problem_domain_taken}, {0}},
    },
    {
        .name = "audit",
        .singular = "audit_line",
        .about = "Who has changed what of the tenant.",
        .is_private = 1,
        .operations = RESOURCE_LIST | RESOURCE_READ,
        .fields =
            (const field_t[]){
                BIG_ID, TENANT_ID, AUDIT_TIME, AUDIT_WHAT(FIELD_FILTER), AUDIT_WHO(FIELD_FILTER), {0}},
    },
    {
        .name = "audit",
        .singular = "audit_line",
        .about = "Who has changed what, of all tenants.",
        .is_private = 1,
        .spans_tenants = 1,
        .operations = RESOURCE_LIST | RESOURCE_READ,
        .fields = (const field_t[]){BIG_ID,
                                    {.name = "tenant_id",
                                     .type = FIELD_INTEGER,
                                     .flags = FIELD_READ_ONLY | FIELD_NULLABLE | FIELD_FILTER,
                                     ANY_INTEGER,
                                     .about = "Whose row it was; null: no one tenant's.",
                                     .example = "7"},
                                    AUDIT_TIME,
                                    AUDIT_WHAT(0),
                                    AUDIT_WHO(0),
                                    {0}},
    },
    {0},
};

int resource_count(void)
{
    return (int)(sizeof resources / sizeof *resources) - 1;
}

const resource_t *resource_find(const char *name, apr_size_t length, int spans_tenants)
{
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (resource->spans_tenants == spans_tenants && strlen(resource->name) == length &&
            memcmp(resource->name, name, length) == 0)
            return resource;
    }
    return NULL;
}

int resource_index(const resource_t *resource)
{
    return (int)(resource - resources);
}

int resource_field_count(const resource_t *resource)
{
    int count = 0;

    while (resource->fields[count].name)
        count++;
    return count;
}

const field_t *resource_field(const resource_t *resource, const char *name, apr_size_t length)
{
    for (const field_t *field = resource->fields; field->name; field++) {
        if (strlen(field->name) == length && memcmp(field->name, name, length) == 0)
            return field;
    }
    return NULL;
}

const field_t *resource_key(const resource_t *resource)
{
    for (const field_t *field = resource->fields; field->name; field++) {
        if (field->flags & FIELD_KEY)
            return field;
    }
    return NULL;
}

const char *resource_table(const resource_t *resource)
{
    return resource->table ? resource->table : resource->name;
}

const char *resource_tenant_column(const resource_t *resource)
{
    return resource->tenant_column ? resource->tenant_column : "tenant_id";
}

const char *field_column(const field_t *field)
{
    return field->column ? field->column : field->name;
}

int field_is_readable(const field_t *field)
{
    return field->type != FIELD_PASSWORD && field->type != FIELD_SECRET;
}

int field_is_selected(const field_t *field)
{
    return field_is_readable(field) && !(field->flags & FIELD_TENANT);
}

apr_size_t resource_row_size(const resource_t *resource)
{
    enum { OTHER_SIZE = 32, CHARACTER_SIZE = 4 }; /* of a value that is no text, of a character in UTF-8 */
    apr_size_t size = 0;

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_selected(field))
            size += OTHER_SIZE;
        if (field_is_selected(field) && field->type == FIELD_TEXT)
            size += (apr_size_t)field->max * CHARACTER_SIZE;
    }
    return size;
}

int field_is_creatable(const field_t *field)
{
    return !(field->flags & FIELD_READ_ONLY);
}

int field_is_updatable(const field_t *field)
{
    return !(field->flags & (FIELD_READ_ONLY | FIELD_WRITE_ONCE));
}

apr_int64_t field_most(const field_t *field)
{
    return field->flags & FIELD_BIG ? FIELD_BIG_MAX : field->max;
}

int field_may_be_null(const field_t *field)
{
    return (field->flags & (FIELD_NULLABLE | FIELD_LEGACY_NULL)) != 0;
}

int field_is_unique(const field_t *field)
{
    return (field->flags & (FIELD_KEY | FIELD_UNIQUE)) || field->lookup || strcmp(field->name, "id") == 0;
}

const char *resource_public_names(apr_pool_t *pool)
{
    const char *names = "";

    for (const resource_t *resource = resources; resource->name; resource++) {
        if (resource->is_public)
            names = apr_pstrcat(pool, names, *names ? ", " : "", resource->name, NULL);
    }
    return names;
}
