/* SPDX-License-Identifier: Apache-2.0 */
#include "resources.h"

#include <apr_strings.h>
#include <string.h>

#include "fields.h"

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

const char *resource_public_names(apr_pool_t *pool)
{
    const char *names = "";

    for (const resource_t *resource = resources; resource->name; resource++) {
        if (resource->is_public)
            names = apr_pstrcat(pool, names, *names ? ", " : "", resource->name, NULL);
    }
    return names;
}
