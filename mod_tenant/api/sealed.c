/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed.h"

#include <http_log.h>

#include <stdlib.h>
#include <string.h>

#include "../secret/seal.h"
#include "fetch.h"

APLOG_USE_MODULE(tenant);

/* Opens a sealed value of the tenant's own, where it lies. */
static seal_result_t open_value(const api_t *api, const resource_t *resource, const field_t *field,
                                const char *envelope, sealed_secret_t *secret, apr_pool_t *pool)
{
    seal_place_t place = {api->scope.tenant->id, resource_table(resource), field_column(field)};

    return seal_open(&secret->text, &secret->length, api->exchange.server->keyring, &place, envelope, pool);
}

static const problem_t *refuse(const api_t *api, const resource_t *resource, const field_t *field,
                               seal_result_t result)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, api->exchange.r, "%s.%s of tenant %s cannot be opened: %s",
                  resource_table(resource), field_column(field), api->scope.tenant->id_text,
                  seal_why(result));
    return &problem_secret_unreadable;
}

const problem_t *sealed_check(const api_t *api, rows_t *rows)
{
    const resource_t *resource = api->route.resource;
    int column = 0;

    rows_seek(rows, 0);
    for (const field_t *field = resource->fields; field->name; field++) {
        sealed_secret_t secret;
        seal_result_t result;
        const char *envelope;

        if (!field_is_selected(field))
            continue;
        envelope = rows_text(rows, column++);
        if (field->type != FIELD_SEALED || !envelope)
            continue;
        result = open_value(api, resource, field, envelope, &secret, api->exchange.r->pool);
        if (result != SEAL_NOT_SEALED && result != SEAL_OPENED)
            return refuse(api, resource, field, result);
    }
    return NULL;
}

/* What a row holds of a secret, as it is stored. */
static const char *stored_of(const resource_t *resource, const field_t *secret, rows_t *rows)
{
    for (const field_t *field = resource->fields; field->name; field++) {
        if (field->type == FIELD_SEALED && strcmp(field_column(field), field_column(secret)) == 0)
            return fetch_value(resource, rows, field->name);
    }
    return NULL;
}

const problem_t *sealed_open(const api_t *api, const resource_t *resource, const char *name, rows_t *rows,
                             sealed_secret_t *secret, apr_pool_t *pool)
{
    const field_t *field = resource_field(resource, name, strlen(name));
    const char *envelope = stored_of(resource, field, rows);
    seal_result_t result;

    *secret = (sealed_secret_t){0};
    if (!envelope)
        return NULL;
    result = open_value(api, resource, field, envelope, secret, pool);
    return result == SEAL_OPENED ? NULL : refuse(api, resource, field, result);
}

/* The number of a field that is given and not null, by its name; -1: it is not. */
static int given(const api_t *api, const char *name)
{
    const resource_t *resource = api->route.resource;
    int n = (int)(resource_field(resource, name, strlen(name)) - resource->fields);

    return api->input.given[n] && api->input.values[n] ? n : -1;
}

const problem_t *sealed_keep(api_t *api)
{
    const resource_t *resource = api->route.resource;

    for (const field_t *field = resource->fields; field->name; field++) {
        seal_place_t place = {api->scope.tenant ? api->scope.tenant->id : atoi(api->route.id),
                              resource_table(resource), field_column(field)};
        int n = field->grace ? given(api, field->name) : -1;
        const problem_t *problem;
        const char *stored;
        rows_t *rows;

        if (n < 0 || given(api, field->grace) < 0)
            continue;
        problem = fetch_row(api, &rows);
        if (problem)
            return problem;
        stored = rows ? stored_of(resource, field, rows) : NULL;
        if (stored && seal_same(api->exchange.server->keyring, &place, stored, api->input.values[n],
                                api->exchange.r->pool))
            api->input.given[n] = 0;
    }
    return NULL;
}
