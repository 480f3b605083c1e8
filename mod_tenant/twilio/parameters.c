/* SPDX-License-Identifier: Apache-2.0 */
#include "parameters.h"

#include <string.h>

#include "../http/media.h"
#include "../json/scan.h"
#include "../json/tree.h"
#include "members.h"

enum { FIELDS_MAX = 512 }; /* Twilio sends some dozens */

#define MEDIA_FORM "application/x-www-form-urlencoded"

static const char *read_json(webhook_t *webhook)
{
    apr_pool_t *pool = webhook->exchange.r->pool;
    scan_error_t error;
    const tree_t *root;

    if (scan_text(webhook->body, webhook->body_length, &scan_limits_default, &error, pool) ||
        !tree_parse(&root, webhook->body, webhook->body_length, pool) || tree_type(root) != TREE_OBJECT)
        return "The body is no JSON object.";
    members_read(&webhook->form, root, pool);
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
