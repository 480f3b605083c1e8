/* SPDX-License-Identifier: Apache-2.0 */
#include "idempotency.h"

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "../resource/sql.h"
#include "../secret/apikey.h"
#include "../secret/fingerprint.h"
#include "../secret/keyring.h"
#include "created.h"
#include "scope.h"

enum { KEY_MAX = 255, PURGE_ONE_IN = 64 };

/* Whether it is 1 to KEY_MAX characters of visible ASCII, and no API key, which would then be stored. */
static int is_key(const char *text)
{
    apr_size_t length = strlen(text);

    for (const char *c = text; *c; c++) {
        if (!apr_isgraph(*c))
            return 0;
    }
    return length > 0 && length <= KEY_MAX && !apikey_is_meant(text, length);
}

const problem_t *idempotency_check(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const char *key = apr_table_get(exchange->r->headers_in, "Idempotency-Key");

    /* another token does no harm, and an answer with one is not kept */
    if (!key || exchange->r->method_number != M_POST || api->route.kind == ROUTE_TOKEN)
        return NULL;
    if (exchange->location->handler->spans_tenants) {
        exchange->detail =
            "Idempotency-Key cannot be used here: the answer shows an API key, which is not kept.";
        return &problem_bad_header;
    }
    if (!is_key(key)) {
        exchange->detail = "Idempotency-Key takes 1 to 255 visible ASCII characters, which are no API key.";
        return &problem_bad_header;
    }
    if (api->route.kind == ROUTE_ROTATION && strlen(key) < RESOURCE_REPEAT_MIN) {
        exchange->detail = "Idempotency-Key takes at least " APR_STRINGIFY(
            RESOURCE_REPEAT_MIN) " characters here, that nobody can guess, such as a random UUID.";
        return &problem_bad_header;
    }
    api->idempotency_key = apr_pstrcat(exchange->r->pool, api->route.resource->name, "/", key, NULL);
    return NULL;
}

/* What the request with its key, and these bytes, is known by. */
static void make_fingerprint(unsigned char made[FINGERPRINT_CONTENT_BYTES], const api_t *api,
                             const keyring_key_t *pepper, const char *bytes, apr_size_t length)
{
    fingerprint_content(made, pepper,
                        apr_pstrcat(api->exchange.r->pool, api->scope.tenant->id_text, "/",
                                    api->idempotency_key, NULL),
                        bytes, length);
}

/* The fingerprint of the request's body as it is stored: `PEPPER:HASH`. */
static const char *fingerprint_text(const api_t *api, const keyring_key_t *pepper)
{
    unsigned char made[FINGERPRINT_CONTENT_BYTES];

    make_fingerprint(made, api, pepper, api->body, api->body_length);
    return apr_psprintf(api->exchange.r->pool, "%u:%s", pepper->id,
                        apr_pescape_hex(api->exchange.r->pool, made, sizeof made, 0));
}

static const keyring_key_t *primary_pepper(const api_t *api)
{
    return keyring_key(api->exchange.server->keyring, KEYNAME_PEPPER, 0);
}

/* The number of the lock that requests with the key share, whatever their body. Without the pepper nobody can
 * have one that is another tenant's. */
static const char *lock_text(const api_t *api)
{
    unsigned char made[FINGERPRINT_CONTENT_BYTES];
    apr_int64_t number;

    make_fingerprint(made, api, primary_pepper(api), "", 0);
    memcpy(&number, made, sizeof number);
    return apr_psprintf(api->exchange.r->pool, "%" APR_INT64_T_FMT, number);
}

/* Whether an answer that is kept is the answer to this body. A pepper that has been retired since makes that
 * unknown, and then it is not. */
static int is_of_body(const api_t *api, const char *kept)
{
    const keyring_key_t *pepper =
        keyring_find(api->exchange.server->keyring, KEYNAME_PEPPER, keyname_id(kept, strcspn(kept, ":")));

    return pepper && strcmp(kept, fingerprint_text(api, pepper)) == 0;
}

/* Whether rows are a new row, or the kept answer to this very request. */
static const problem_t *judge(const api_t *api, rows_t *rows, int *replayed)
{
    const char *kept;

    rows_seek(rows, 0);
    kept = rows_text(rows, sql_of(api->route.resource)->version_column + 1);
    *replayed = kept != NULL;
    return !kept || is_of_body(api, kept) ? NULL : &problem_idempotency_mismatch;
}

static const problem_t *read_created(const api_t *api, rows_t **rows)
{
    const named_t *created = &sql_of(api->route.resource)->created;
    const char *values[NAMED_VALUES_MAX];
    given_t given = scope_given(api);

    given.single[NAME_REQUEST] = api->idempotency_key;
    return database_read_durable(api->scope.database, api->exchange.r, scope_tenant(api), &created->statement,
                                 named_values(created, &given, values), rows);
}

static const problem_t *create_once(const api_t *api, rows_t **rows)
{
    const named_t *create = &sql_of(api->route.resource)->create_once;
    const char *values[NAMED_VALUES_MAX];
    given_t given = scope_given(api);

    given.single[NAME_REQUEST] = api->idempotency_key;
    given.single[NAME_FINGERPRINT] = fingerprint_text(api, primary_pepper(api));
    given.single[NAME_LOCK] = lock_text(api);
    scope_give_origin(&given, api);
    return database_insert_row(api->scope.database, api->exchange.r, scope_tenant(api), &create->statement,
                               named_values(create, &given, values), rows);
}

/* Removes answers that are too old: the one to this request, and some others. */
static const problem_t *remove_old(const api_t *api)
{
    static const statement_t purge = {
        .label = "idempotency_purge",
        .sql = "SELECT idempotency_purge(%d::int, %s)",
    };
    const char *values[] = {api->scope.tenant->id_text, api->idempotency_key};
    rows_t *nothing;

    return database_insert(api->scope.database, api->exchange.r, scope_tenant(api), &purge, values, &nothing);
}

/* One request in so many, whichever they are, removes what is too old: more than they leave behind. What goes
 * wrong with it is logged, and no affair of the client's. */
static void remove_old_at_times(const api_t *api)
{
    unsigned char made[FINGERPRINT_CONTENT_BYTES];

    make_fingerprint(made, api, primary_pepper(api), api->body, api->body_length);
    if (made[0] % PURGE_ONE_IN == 0)
        remove_old(api);
}

/* What a violated constraint means: a twin has just ended; an answer that is too old is still there, and has
 * to go; or the row conflicts with another one, which is what problem says. */
static const problem_t *settle(const api_t *api, const problem_t *problem, rows_t **rows)
{
    const problem_t *failed = read_created(api, rows);

    if (failed || rows_count(*rows) > 0)
        return failed;
    if (problem != &problem_idempotency_in_progress)
        return problem;
    failed = remove_old(api);
    return failed ? failed : create_once(api, rows);
}

const problem_t *idempotency_replay(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const resource_t *resource = api->route.resource;
    const problem_t *problem;
    int has_password = 0;
    int replayed;
    rows_t *rows;

    for (int n = 0; api->idempotency_key && resource->fields[n].name; n++)
        has_password |= resource->fields[n].type == FIELD_PASSWORD && api->input.values[n];
    if (!has_password)
        return NULL;
    problem = read_created(api, &rows);
    if (problem || rows_count(rows) == 0)
        return problem;
    problem = judge(api, rows, &replayed);
    return problem ? problem : created_answer(api, rows, replayed);
}

const problem_t *idempotency_create(api_t *api, rows_t **rows, int *replayed)
{
    const problem_t *problem = create_once(api, rows);

    if (problem && problem->status == HTTP_CONFLICT)
        problem = settle(api, problem, rows);
    if (problem)
        return problem;
    if (rows_count(*rows) == 0)
        return &problem_idempotency_in_progress;
    problem = judge(api, *rows, replayed);
    if (!problem && !*replayed)
        remove_old_at_times(api);
    return problem;
}
