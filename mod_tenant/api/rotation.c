/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation.h"

#include <apr_strings.h>

#include "../http/reply.h"
#include "../identity/origin.h"
#include "../identity/resolve.h"
#include "../secret/apikey.h"
#include "../secret/secret.h"
#include "../store/durable.h"
#include "once.h"
#include "scope.h"

const char *rotation_make_key(api_t *api)
{
    char *key = secret_alloc(APIKEY_LENGTH + 1, api->exchange.r->pool);

    apikey_make(key);
    return key;
}

/* What the n-th pepper makes of the key that asks: an element of an array literal without quotes. */
static const char *own_hash(const api_t *api, int n)
{
    const char *hash = resolve_key_hashes(api->exchange.r) + 1;

    while (n-- > 0)
        hash += strcspn(hash, ",") + 1;
    return apr_pstrmemdup(api->exchange.r->pool, hash, strcspn(hash, ",}"));
}

/* The key that the n-th pepper makes for this very request: nobody else knows its Idempotency-Key, and with
 * another key or body it is another request. */
static const char *derive_key(api_t *api, int n)
{
    const keyring_key_t *pepper = keyring_key(api->exchange.server->keyring, KEYNAME_PEPPER, n);
    char *key;

    if (!pepper)
        return NULL;
    key = secret_alloc(APIKEY_LENGTH + 1, api->exchange.r->pool);
    apikey_derive(key, pepper,
                  apr_pstrcat(api->exchange.r->pool, api->scope.tenant->id_text, " ", own_hash(api, n), " ",
                              rotation_grace(api), " ", api->idempotency_key, NULL));
    return key;
}

const char *rotation_hash(const api_t *api)
{
    return apikey_hash(keyring_key(api->exchange.server->keyring, KEYNAME_PEPPER, 0), api->new_key,
                       api->exchange.r->pool);
}

const char *rotation_grace(const api_t *api)
{
    return api->input.values[0] ? api->input.values[0] : APR_STRINGIFY(RESOURCE_GRACE_DEFAULT);
}

const problem_t *rotation_answer(api_t *api)
{
    const char *grace = rotation_grace(api);
    writer_t *writer = once_writer(api, ROTATION_ANSWER_MAX);

    resolve_forget_tenant(api->exchange.r, scope_subject(api)); /* its former key may end with this answer */

    writer_literal(writer, "{\"api_key\":");
    writer_text(writer, api->new_key);
    writer_literal(writer, ",\"grace_seconds\":");
    writer_raw(writer, grace, strlen(grace));
    writer_literal(writer, "}\n");
    return exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_OK, writer));
}

/* The hashes of the keys that this request may have been given, one for each pepper, as a literal. */
static const char *derived_hashes(api_t *api)
{
    const char *literal = "{";
    const char *key;

    for (int n = 0; (key = derive_key(api, n)) != NULL; n++)
        literal = apr_pstrcat(api->exchange.r->pool, literal, n > 0 ? "," : "",
                              apikey_hash(keyring_key(api->exchange.server->keyring, KEYNAME_PEPPER, n), key,
                                          api->exchange.r->pool),
                              NULL);
    return apr_pstrcat(api->exchange.r->pool, literal, "}", NULL);
}

/* The key that asks has been replaced. Where this very request has done so,
 * its answer was lost: it comes again. */
static const problem_t *answer_again(api_t *api)
{
    /* which of some hashes is that of the key which has replaced the one that asks, once that is safe */
    static const statement_t find = {
        .label = "rotated_key",
        .sql = "SELECT CASE WHEN n IS NOT NULL AND " DURABLE_SQL " IS NOT NULL THEN n END"
               " FROM tenant_rotated_key(%d::int, %s::text[], %s::text[], %d::int) n",
    };
    const char *values[] = {api->scope.tenant->id_text, resolve_key_hashes(api->exchange.r), NULL,
                            rotation_grace(api)};
    const problem_t *problem;
    rows_t *rows;

    if (!api->idempotency_key)
        return &problem_key_retiring;
    values[2] = derived_hashes(api);
    problem =
        database_read_durable(api->scope.database, api->exchange.r, scope_tenant(api), &find, values, &rows);
    if (problem)
        return problem;
    rows_seek(rows, 0);
    if (!rows_text(rows, 0))
        return &problem_key_retiring;
    api->new_key = derive_key(api, rows_int(rows, 0) - 1);
    apr_table_setn(api->exchange.r->headers_out, "Idempotency-Replayed", "true");
    return rotation_answer(api);
}

/* Replaces the tenant's key by api->new_key. */
static const problem_t *replace(const api_t *api, rows_t **rows)
{
    static const statement_t rotate = {
        .label = "rotate_key",
        .shape = "S",
        .sql = "SELECT tenant_rotate_key(%d::int, %s::text[], %s, %d::int)"
               " WHERE set_config('mod_tenant.origin', %s, true) IS NOT NULL",
    };
    const char *values[] = {api->scope.tenant->id_text, resolve_key_hashes(api->exchange.r),
                            rotation_hash(api), rotation_grace(api),
                            origin_text(api->exchange.r, api->scope.tenant)};

    return database_insert(api->scope.database, api->exchange.r, scope_tenant(api), &rotate, values, rows);
}

const problem_t *rotation_run(api_t *api)
{
    const problem_t *problem;
    const char *result;
    rows_t *rows;

    api->new_key = api->idempotency_key ? derive_key(api, 0) : rotation_make_key(api);
    problem = replace(api, &rows);
    if (problem || rows_count(rows) == 0)
        return problem ? problem : &problem_misconfigured;
    rows_seek(rows, 0);
    result = rows_text(rows, 0);
    if (strcmp(result, "rotated") == 0)
        return rotation_answer(api);
    return strcmp(result, "retiring") == 0 ? answer_again(api) : &problem_key_invalid;
}
