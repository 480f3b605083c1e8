/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "../json/scan.h"
#include "../json/tree.h"
#include "../twilio/journal.h"

APLOG_USE_MODULE(tenant);

/* A member of Twilio's answer, and the parameter of webhooks that says the same. */
typedef struct member_t {
    const char *name, *parameter;
} member_t;

static const member_t of_call[] = {
    {"sid", "CallSid"},
    {"account_sid", "AccountSid"},
    {"status", "CallStatus"},
    {"from", "From"},
    {"to", "To"},
    {"direction", "Direction"},
    {"duration", "CallDuration"},
    {"parent_call_sid", "ParentCallSid"},
    {NULL, NULL},
};

static const member_t of_message[] = {
    {"sid", "MessageSid"},
    {"account_sid", "AccountSid"},
    {"status", "MessageStatus"},
    {"from", "From"},
    {"to", "To"},
    {"direction", "Direction"},
    {"body", "Body"},
    {"error_code", "ErrorCode"},
    {"num_media", "NumMedia"},
    {NULL, NULL},
};

typedef struct reading_t {
    const member_t *members;
    apr_array_header_t *fields; /* of form_field_t */
} reading_t;

static int take_member(void *context, const char *name, apr_size_t length, const tree_t *value)
{
    const reading_t *reading = context;
    const member_t *member = reading->members;
    form_field_t *field;

    while (member->name && (strlen(member->name) != length || memcmp(member->name, name, length) != 0))
        member++;
    if (!member->name || (tree_type(value) != TREE_STRING && tree_type(value) != TREE_INTEGER))
        return 0;
    field = &APR_ARRAY_PUSH(reading->fields, form_field_t);
    field->name = member->parameter;
    field->name_length = strlen(member->parameter);
    if (tree_type(value) == TREE_STRING) {
        field->value = tree_string(value, &field->value_length);
    } else {
        field->value =
            apr_psprintf(reading->fields->pool, "%" APR_INT64_T_FMT, (apr_int64_t)tree_integer(value));
        field->value_length = strlen(field->value);
    }
    return 0;
}

/* NULL, or why the text tells nothing. */
static const char *read_answer(const gateway_t *gateway, const char *text, apr_size_t length, event_t *event)
{
    apr_pool_t *pool = gateway->exchange.r->pool;
    int is_call = gateway->allowed->kind == ALLOWED_CALLS;
    reading_t reading = {is_call ? of_call : of_message, apr_array_make(pool, 16, sizeof(form_field_t))};
    scan_error_t error;
    const tree_t *root;
    form_t form;

    if (scan_text(text, length, &scan_limits_default, &error, pool) ||
        !tree_parse(&root, text, length, pool) || tree_type(root) != TREE_OBJECT)
        return "it is no JSON object.";
    tree_each(root, take_member, &reading);
    form = (form_t){(const form_field_t *)reading.fields->elts, reading.fields->nelts};
    return event_read(event, is_call ? EVENT_CALL_STATUS : EVENT_MESSAGE_STATUS, &form, pool);
}

void receipt_store(const gateway_t *gateway, const char *text, apr_size_t length)
{
    request_rec *r = gateway->exchange.r;
    const char *id = gateway->tenant->id_text;
    const problem_t *problem;
    event_t event;
    const char *why = read_answer(gateway, text, length, &event);

    if (why) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "Twilio's answer to tenant %s is not stored, and callbacks have to bring the row: %s",
                      id, why);
        return;
    }
    problem = journal_store(r, gateway->exchange.server->database, id, &event);
    if (problem)
        ap_log_rerror(
            APLOG_MARK, APLOG_WARNING, 0, r,
            "Twilio's answer to tenant %s is not stored, and callbacks have to bring the row with the "
            "sid %s (%s)",
            id, event.rows[0].values[0], problem->code);
}
