/* SPDX-License-Identifier: Apache-2.0 */
#include "parameters.h"

#include <apr_strings.h>
#include <string.h>

#include "../http/media.h"
#include "../json/scan.h"
#include "../json/tree.h"

enum { FIELDS_MAX = 512 }; /* Twilio sends some dozens */

#define MEDIA_FORM "application/x-www-form-urlencoded"

static int add_member(void *context, const char *name, apr_size_t length, const tree_t *value)
{
    apr_array_header_t *fields = context;
    form_field_t *field;

    if (tree_type(value) != TREE_STRING && tree_type(value) != TREE_INTEGER)
        return 0;
    field = &APR_ARRAY_PUSH(fields, form_field_t);
    field->name = apr_pstrmemdup(fields->pool, name, length);
    field->name_length = length;
    if (tree_type(value) == TREE_STRING) {
        field->value = tree_string(value, &field->value_length);
    } else {
        field->value = apr_psprintf(fields->pool, "%" APR_INT64_T_FMT, (apr_int64_t)tree_integer(value));
        field->value_length = strlen(field->value);
    }
    return 0;
}

static const char *read_json(webhook_t *webhook)
{
    apr_pool_t *pool = webhook->exchange.r->pool;
    apr_array_header_t *fields = apr_array_make(pool, 32, sizeof(form_field_t));
    scan_error_t error;
    const tree_t *root;

    if (scan_text(webhook->body, webhook->body_length, &scan_limits_default, &error, pool) ||
        !tree_parse(&root, webhook->body, webhook->body_length, pool) || tree_type(root) != TREE_OBJECT)
        return "The body is no JSON object.";
    tree_each(root, add_member, fields);
    webhook->form = (form_t){(const form_field_t *)fields->elts, fields->nelts};
    return NULL;
}

const char *parameters_read(webhook_t *webhook)
{
    const request_rec *r = webhook->exchange.r;
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    const char *query = r->parsed_uri.query ? r->parsed_uri.query : "";

    if (!webhook->body)
        return form_parse(&webhook->form, query, strlen(query), FIELDS_MAX, r->pool);
    webhook->is_form = media_is(type, MEDIA_FORM);
    if (webhook->is_form)
        return form_parse(&webhook->form, webhook->body, webhook->body_length, FIELDS_MAX, r->pool);
    return media_is(type, MEDIA_JSON) ? read_json(webhook) : "The body must be a form, or JSON.";
}
