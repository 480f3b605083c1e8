/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation.h"

#include <apr_strings.h>

#include "../identity/resolve.h"
#include "../secret/apikey.h"
#include "../store/database.h"
#include "reply.h"

#define GRACE_DEFAULT "86400" /* seconds: a day */

static const statement_t rotate = {
    .label = "rotate_key",
    .sql = "SELECT tenant_rotate_key(%s::int, %s::text[], %s, %s::int)",
};

static apr_status_t wipe(void *data)
{
    writer_t *writer = data;

    apikey_wipe(writer->text, writer->length);
    return APR_SUCCESS;
}

static const problem_t *answer_key(api_t *api, const char *key, const char *grace)
{
    writer_t *writer = apr_palloc(api->r->pool, sizeof *writer);

    writer_init(writer, api->r->pool, 256);
    /* registered ahead of the bucket that holds the text, so it runs after the bucket is gone */
    apr_pool_cleanup_register(api->r->pool, writer, wipe, apr_pool_cleanup_null);
    writer_literal(writer, "{\"api_key\":");
    writer_string(writer, key, APIKEY_LENGTH);
    writer_literal(writer, ",\"grace_seconds\":");
    writer_raw(writer, grace, strlen(grace));
    writer_literal(writer, "}\n");
    return api_answered(api, reply_json(api->r, HTTP_OK, writer));
}

const problem_t *rotation_run(api_t *api)
{
    apr_pool_t *pool = api->r->pool;
    const char *grace = api->input.values[0] ? api->input.values[0] : GRACE_DEFAULT;
    const problem_t *problem;
    char key[APIKEY_LENGTH + 1];
    const char *values[4];
    rows_t *rows;

    apikey_make(key);
    values[0] = api->tenant->id_text;
    values[1] = resolve_key_hashes(api->r);
    values[2] = apikey_hash(keyring_key(api->server->keyring, KEYRING_PEPPER, 0), key, pool);
    values[3] = grace;
    problem = database_insert(api->server->database, api->r, &rotate, values, &rows);
    if (!problem) {
        rows_seek(rows, 0);
        if (strcmp(rows_text(rows, 0), "rotated") == 0)
            answer_key(api, key, grace);
        else
            problem =
                strcmp(rows_text(rows, 0), "retiring") == 0 ? &problem_key_retiring : &problem_key_invalid;
    }
    apikey_wipe(key, sizeof key);
    return problem;
}
