/* SPDX-License-Identifier: Apache-2.0 */
#include "veil.h"

#include "../secret/secret.h"
#include "credential.h"

#define HEADER "Authorization"
#define SCHEME "Basic"

/* What stands in their place, and nowhere else: it is known by its address. */
static char drawn[] = SCHEME " -";

void veil_find(veil_t *veil, request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, HEADER);
    apr_size_t length = sizeof SCHEME - 1;

    if (value && strncasecmp(value, SCHEME, length) == 0 && (value[length] == ' ' || !value[length]))
        veil->value = (char *)value;
}

/* Replaces a value, known by its address, wherever it stands in the headers. */
static void replace(request_rec *r, const char *from, char *to)
{
    const apr_array_header_t *headers = apr_table_elts(r->headers_in);

    for (int n = 0; n < headers->nelts; n++) {
        apr_table_entry_t *entry = &APR_ARRAY_IDX(headers, n, apr_table_entry_t);

        if (entry->val == from)
            entry->val = to;
    }
}

void veil_draw(const veil_t *veil, request_rec *r)
{
    if (veil->value)
        replace(r, veil->value, drawn);
}

void veil_lift(const veil_t *veil, request_rec *r)
{
    if (veil->value)
        replace(r, drawn, veil->value);
}

void veil_take_out(veil_t *veil, request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, HEADER);

    if (!veil->value || !value || strcmp(value, veil->value) != 0)
        return;
    apr_table_unset(r->headers_in, HEADER);
    credential_conceal(r);
    veil->is_out = 1;
}

void veil_put_back(veil_t *veil, request_rec *r)
{
    veil_lift(veil, r);
    if (veil->is_out && !apr_table_get(r->headers_in, HEADER))
        apr_table_setn(r->headers_in, HEADER, veil->value);
}

void veil_wipe(veil_t *veil, request_rec *r)
{
    if (!veil->value)
        return;
    veil_draw(veil, r);
    secret_wipe(veil->value, strlen(veil->value));
    veil->value = NULL;
}
