/* SPDX-License-Identifier: Apache-2.0 */
#include "credentials.h"

#include <apr_base64.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "../secret/seal.h"
#include "../secret/secret.h"
#include "../store/database.h"
#include "recall.h"

APLOG_USE_MODULE(tenant);

enum { COLUMN_ACCOUNT, COLUMN_TOKEN, COLUMN_KEY, COLUMN_SECRET, COLUMN_PHONE };

/* The row is looked for behind the context: LATERAL asks c first, and nothing is moved across OFFSET. */
static const statement_t read_account = {
    .label = "gateway_account",
    .shape = "sssss",
    .sql = "WITH c AS MATERIALIZED (SELECT set_config('mod_tenant.tenant_id', %s, true)::int AS id)"
           " SELECT t.twilio_account_sid, t.twilio_auth_token, t.twilio_api_key_sid, t.twilio_api_key_secret,"
           " t.twilio_phone_number FROM c, LATERAL (SELECT twilio_account_sid, twilio_auth_token,"
           " twilio_api_key_sid, twilio_api_key_secret, twilio_phone_number FROM tenants"
           " WHERE id = c.id OFFSET 0) t",
};

/* Basic credentials (RFC 7617 section 2). */
static char *basic_make(const char *user, const char *password, apr_pool_t *pool)
{
    apr_size_t length = strlen(user) + 1 + strlen(password);
    char *pair = secret_alloc(length + 1, pool);
    char *value = secret_alloc((apr_size_t)apr_base64_encode_len((int)length), pool);

    strcat(strcat(strcpy(pair, user), ":"), password);
    apr_base64_encode(value, pair, (int)length);
    secret_wipe(pair, length);
    return value;
}

/* Opens a column's secret. NULL: it cannot be, which is logged. */
static const char *open_secret(request_rec *r, const server_config_t *server, const tenant_t *tenant,
                               const char *column, const char *stored, apr_pool_t *pool)
{
    const seal_place_t place = {tenant->id, "tenants", column};
    const char *secret;
    apr_size_t length;
    seal_result_t result;

    result = seal_open(&secret, &length, server->keyring, &place, stored, pool);
    if (result == SEAL_OPENED)
        return secret;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "%s of tenant %s cannot be used at Twilio: %s", column,
                  tenant->id_text, seal_why(result));
    return NULL;
}

/* Makes the header of a user's name and a sealed secret. */
static const problem_t *prove(request_rec *r, const server_config_t *server, const tenant_t *tenant,
                              const char *user, const char *column, const char *stored,
                              credentials_t *credentials)
{
    apr_pool_t *pool;
    const char *secret;

    apr_pool_create(&pool, r->pool); /* it wipes the secret as soon as there are credentials */
    secret = open_secret(r, server, tenant, column, stored, pool);
    if (secret)
        credentials->basic = basic_make(user, secret, r->pool);
    apr_pool_destroy(pool);
    return secret ? NULL : &problem_secret_unreadable;
}

/* Reads the columns, from what is remembered or from the database. */
static const problem_t *read_row(request_rec *r, const server_config_t *server, const tenant_t *tenant,
                                 const char *texts[RECALL_TEXTS])
{
    const char *values[] = {tenant->id_text};
    generation_t moment = 0;
    const problem_t *problem;
    rows_t *rows;

    if (server->recall && recall_find(server->recall, tenant->id, texts, r->pool))
        return NULL;
    if (server->recall)
        moment = recall_moment(server->recall);
    problem = database_read_row(server->database, r, 0, &read_account, values, &rows);
    if (problem)
        return problem;
    memset(texts, 0, RECALL_TEXTS * sizeof *texts);
    if (rows_count(rows) != 1)
        return NULL;
    rows_seek(rows, 0);
    for (int n = 0; n < RECALL_TEXTS; n++)
        texts[n] = rows_text(rows, n);
    if (server->recall)
        recall_keep(server->recall, tenant->id, texts, moment);
    return NULL;
}

const problem_t *credentials_read(request_rec *r, const server_config_t *server, const tenant_t *tenant,
                                  credentials_t *credentials)
{
    const char *texts[RECALL_TEXTS];
    const problem_t *problem = read_row(r, server, tenant, texts);

    *credentials = (credentials_t){0};
    if (problem)
        return problem;
    credentials->account = texts[COLUMN_ACCOUNT];
    credentials->phone = texts[COLUMN_PHONE];
    if (texts[COLUMN_KEY] && texts[COLUMN_SECRET])
        return prove(r, server, tenant, texts[COLUMN_KEY], "twilio_api_key_secret", texts[COLUMN_SECRET],
                     credentials);
    if (texts[COLUMN_ACCOUNT] && texts[COLUMN_TOKEN])
        return prove(r, server, tenant, texts[COLUMN_ACCOUNT], "twilio_auth_token", texts[COLUMN_TOKEN],
                     credentials);
    return NULL;
}
