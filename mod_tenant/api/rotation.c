/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation.h"

#include <apr_strings.h>

#include "../identity/resolve.h"
#include "../secret/apikey.h"
#include "../secret/secret.h"
#include "../store/database.h"
#include "reply.h"

static const statement_t rotate = {
    .label = "rotate_key",
    .shape = "S",
    .sql = "SELECT tenant_rotate_key(%d::int, %s::text[], %s, %d::int)",
};

static apr_status_t wipe_key(void *key)
{
    secret_wipe(key, APIKEY_LENGTH);
    return APR_SUCCESS;
}

const char *rotation_make_key(api_t *api)
{
    char *key = apr_palloc(api->r->pool, APIKEY_LENGTH + 1);

    apikey_make(key);
    apr_pool_cleanup_register(api->r->pool, key, wipe_key, apr_pool_cleanup_null);
    return key;
}

const char *rotation_hash(const api_t *api)
{
    return apikey_hash(keyring_key(api->server->keyring, KEYRING_PEPPER, 0), api->new_key, api->r->pool);
}

const char *rotation_grace(const api_t *api)
{
    return api->input.values[0] ? api->input.values[0] : APR_STRINGIFY(RESOURCE_GRACE_DEFAULT);
}

static apr_status_t wipe_writer(void *data)
{
    writer_t *writer = data;

    secret_wipe(writer->text, writer->length);
    return APR_SUCCESS;
}

writer_t *rotation_writer(api_t *api)
{
    enum { ANSWER_MAX = 4096 }; /* it must not grow, which would leave a copy behind */
    writer_t *writer = apr_palloc(api->r->pool, sizeof *writer);

    writer_init(writer, api->r->pool, ANSWER_MAX);
    /* registered ahead of the bucket that will hold the text, so it runs after the bucket is gone */
    apr_pool_cleanup_register(api->r->pool, writer, wipe_writer, apr_pool_cleanup_null);
    return writer;
}

const problem_t *rotation_answer(api_t *api)
{
    const char *grace = rotation_grace(api);
    writer_t *writer = rotation_writer(api);
    int tenant = api->route.resource->is_admin ? atoi(api->route.id) : api->tenant->id;

    resolve_forget_tenant(api->r, tenant); /* its former key may end with this answer */

    writer_literal(writer, "{\"api_key\":");
    writer_text(writer, api->new_key);
    writer_literal(writer, ",\"grace_seconds\":");
    writer_raw(writer, grace, strlen(grace));
    writer_literal(writer, "}\n");
    return api_answered(api, reply_json(api->r, HTTP_OK, writer));
}

const problem_t *rotation_run(api_t *api)
{
    const char *values[4];
    const problem_t *problem;
    const char *result;
    rows_t *rows;

    api->new_key = rotation_make_key(api);
    values[0] = api->tenant->id_text;
    values[1] = resolve_key_hashes(api->r);
    values[2] = rotation_hash(api);
    values[3] = rotation_grace(api);
    problem = database_insert(api->server->database, api->r, &rotate, values, &rows);
    if (problem || rows_count(rows) == 0)
        return problem ? problem : &problem_misconfigured;
    rows_seek(rows, 0);
    result = rows_text(rows, 0);
    if (strcmp(result, "rotated") == 0)
        return rotation_answer(api);
    return strcmp(result, "retiring") == 0 ? &problem_key_retiring : &problem_key_invalid;
}
