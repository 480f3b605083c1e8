/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants: made, listed, changed, suspended, given keys. tenant_remove.c removes them. */
#include "tenant.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../resource/check.h"
#include "../resource/resource.h"
#include "../secret/apikey.h"
#include "../secret/secret.h"
#include "output.h"
#include "profile.h"

#define UTC "AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

/* What is shown of a tenant, and where it comes from. */
#define TENANT_COLUMNS                                                                                       \
    "id::text, name::text, status::text, custom_domain::text, twilio_account_sid::text,"                     \
    " (twilio_auth_token IS NOT NULL)::text,"                                                                \
    " to_char(CASE WHEN twilio_auth_token_previous_until > now() THEN twilio_auth_token_previous_until "     \
    "END " UTC "), twilio_api_key_sid::text,"                                                                \
    " (twilio_api_key_secret IS NOT NULL)::text, twilio_phone_number::text, rate_limit::text,"               \
    " (api_key_hash ~ '^[1-9][0-9]{0,9}:[0-9a-f]{64}$')::text,"                                              \
    " to_char(CASE WHEN retiring_api_key_hash IS NOT NULL AND retiring_api_key_expires_at > now()"           \
    " THEN retiring_api_key_expires_at END " UTC ")"

#define TENANT_OUTPUT(only)                                                                                  \
    {.key = "id", .type = OUTPUT_LITERAL}, {.key = "name"}, {.key = "status"}, {.key = "custom_domain"},     \
        {.key = "twilio_account_sid", .json_only = (only)},                                                  \
        {.key = "twilio_auth_token_set", .type = OUTPUT_LITERAL, .json_only = (only)},                       \
        {.key = "twilio_auth_token_previous_until", .json_only = (only)},                                    \
        {.key = "twilio_api_key_sid", .json_only = (only)},                                                  \
        {.key = "twilio_api_key_secret_set", .type = OUTPUT_LITERAL, .json_only = (only)},                   \
        {.key = "twilio_phone_number", .json_only = (only)}, {.key = "rate_limit", .json_only = (only)},     \
        {.key = "api_key_set", .type = OUTPUT_LITERAL},                                                      \
    {                                                                                                        \
        .key = "retiring_api_key_expires_at", .json_only = (only)                                            \
    }

static const output_column_t record_columns[] = {TENANT_OUTPUT(0), {0}};
enum { TENANT_WIDTH = sizeof record_columns / sizeof *record_columns - 1 };

static const output_column_t list_columns[] = {TENANT_OUTPUT(1), {0}};
static const output_column_t created_columns[] = {TENANT_OUTPUT(0), {.key = "api_key"}, {0}};

int tenant_failed(const session_t *session)
{
    if (console_hurt(session->database, "tenants_custom_domain_key"))
        return complain(EXIT_FAILED, "another tenant has this custom domain");
    return complain(EXIT_FAILED, "%s", console_failure(session->database));
}

rowset_t *tenant_run(const session_t *session, const char *sql, const char *const *values, int count)
{
    return console_run(session->database, session->pool, sql, values, count);
}

int tenant_begin(const session_t *session, const char *const *statements)
{
    for (; *statements; statements++) {
        if (!tenant_run(session, *statements, NULL, 0))
            return tenant_failed(session);
    }
    return EXIT_DONE;
}

int tenant_find(const char **id, const session_t *session, const char *named)
{
    static const char by_id[] = "SELECT id::text FROM public.tenants WHERE id = $1::int";
    static const char by_domain[] =
        "SELECT id::text FROM public.tenants WHERE custom_domain = lower($1 COLLATE \"C\")";
    rowset_t *rows = tenant_run(session, check_is_id(named, strlen(named)) ? by_id : by_domain, &named, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) == 0)
        return complain(EXIT_FAILED, "there is no tenant %s", named);
    *id = rowset_text(rows, 0, 0);
    return EXIT_DONE;
}

/* Opens a session for a tenant that the first operand names. */
static int open_tenant(session_t *session, const char **id, const call_t *call, int wants)
{
    int status = session_open(session, call, SESSION_DATABASE | wants);

    return status == EXIT_DONE ? tenant_find(id, session, call->operands[0]) : status;
}

/* Adds the rows of a SELECT of TENANT_COLUMNS, and a further cell, to a table. */
static void add_rows(output_t *output, const rowset_t *rows, const char *further)
{
    for (int row = 0; row < rowset_count(rows); row++) {
        const char *cells[TENANT_WIDTH + 1];

        for (int n = 0; n < TENANT_WIDTH; n++)
            cells[n] = rowset_text(rows, row, n);
        cells[TENANT_WIDTH] = further;
        output_row(output, cells);
    }
}

/* Prints one tenant, with a new key or without. */
static int print_tenant(const session_t *session, const call_t *call, const char *id, const char *key)
{
    output_t *record = output_make(key ? created_columns : record_columns, session->pool);
    rowset_t *rows =
        tenant_run(session, "SELECT " TENANT_COLUMNS " FROM public.tenants WHERE id = $1", &id, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) == 0)
        return complain(EXIT_FAILED, "tenant %s is gone", id);
    add_rows(record, rows, key);
    output_print(record, NULL, NULL, call_has(call, OPTION_JSON), session->pool);
    return EXIT_DONE;
}

/* Sets the fields that are sealed, or the others. */
static int assign(const session_t *session, const profile_t *profile, const char *id, int sealed)
{
    const char *values[OPTION_COUNT + 2] = {id};
    const char *assignments =
        profile_assignments(profile, sealed, values, session->keyring, atoi(id), session->pool);
    const char *sql;

    if (!assignments)
        return EXIT_DONE;
    sql = apr_pstrcat(session->pool, "UPDATE public.tenants SET ", assignments, " WHERE id = $1", NULL);
    return tenant_run(session, sql, values,
                      1 + (sealed ? profile->secrets : profile->count - profile->secrets))
               ? EXIT_DONE
               : tenant_failed(session);
}

/* A transaction around the fields; the row is there. */
static int assign_all(const session_t *session, const profile_t *profile, const char *id)
{
    int status = assign(session, profile, id, 0);

    if (status == EXIT_DONE)
        status = assign(session, profile, id, 1);
    if (status == EXIT_DONE && !tenant_run(session, "COMMIT", NULL, 0))
        status = tenant_failed(session);
    return status;
}

/* Makes the tenant in one transaction, and prints it once that is done. */
static int create(const session_t *session, const call_t *call, const char *name, const profile_t *profile,
                  const char *key)
{
    const keyring_key_t *pepper = keyring_key(session->keyring, KEYNAME_PEPPER, 0);
    const char *values[] = {name, apikey_hash(pepper, key, session->pool)}, *id;
    rowset_t *rows = NULL;
    int status;

    if (tenant_run(session, "BEGIN", NULL, 0))
        rows = tenant_run(session,
                          "INSERT INTO public.tenants (name, status, api_key_hash)"
                          " VALUES ($1, 'active', $2) RETURNING id::text",
                          values, 2);
    if (!rows)
        return tenant_failed(session);
    id = rowset_text(rows, 0, 0);
    status = assign_all(session, profile, id);
    return status == EXIT_DONE ? print_tenant(session, call, id, key) : status;
}

int tenant_add(const call_t *call)
{
    profile_t named = {0}, profile = {0};
    char key[APIKEY_LENGTH + 1];
    session_t session;
    int status;

    if ((status = profile_add(&named, "name", call->operands[0], call->pool)) != EXIT_DONE ||
        (status = profile_read(&profile, call)) != EXIT_DONE ||
        (status = session_open(&session, call, SESSION_DATABASE | SESSION_KEYS)) != EXIT_DONE)
        return status;
    apikey_make(key);
    status = create(&session, call, named.items[0].value, &profile, key);
    secret_wipe(key, sizeof key);
    return status;
}

int tenant_list(const call_t *call)
{
    const char *values[] = {call->options.values[OPTION_NAME], call->options.values[OPTION_STATUS]};
    output_t *list = output_make(list_columns, call->pool);
    session_t session;
    rowset_t *rows;
    int status;

    if (values[1] && check_tenant_status(values[1], strlen(values[1])))
        return complain(EXIT_USAGE, "status %s", check_tenant_status(values[1], strlen(values[1])));
    status = session_open(&session, call, SESSION_DATABASE);
    if (status != EXIT_DONE)
        return status;
    rows = tenant_run(&session,
                      "SELECT " TENANT_COLUMNS " FROM public.tenants WHERE ($1::text IS NULL OR name = $1)"
                      " AND ($2::text IS NULL OR status = $2) ORDER BY tenants.id",
                      values, 2);
    if (!rows)
        return tenant_failed(&session);
    add_rows(list, rows, NULL);
    output_print(NULL, "tenants", list, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}

int tenant_show(const call_t *call)
{
    session_t session;
    const char *id;
    int status = open_tenant(&session, &id, call, 0);

    return status == EXIT_DONE ? print_tenant(&session, call, id, NULL) : status;
}

int tenant_set(const call_t *call)
{
    profile_t profile = {0};
    session_t session;
    const char *id;
    int status = profile_read(&profile, call);

    if (status == EXIT_DONE && profile.count == 0)
        status = complain(EXIT_USAGE, "nothing is to be set");
    if (status == EXIT_DONE)
        status = open_tenant(&session, &id, call, profile.seals ? SESSION_KEYS : 0);
    if (status == EXIT_DONE && !tenant_run(&session, "BEGIN", NULL, 0))
        status = tenant_failed(&session);
    if (status == EXIT_DONE)
        status = assign_all(&session, &profile, id);
    return status == EXIT_DONE ? print_tenant(&session, call, id, NULL) : status;
}

static int set_status(const call_t *call, const char *tenant_status)
{
    session_t session;
    const char *values[2];
    int status = open_tenant(&session, &values[0], call, 0);

    if (status != EXIT_DONE)
        return status;
    values[1] = tenant_status;
    if (!tenant_run(&session, "UPDATE public.tenants SET status = $2 WHERE id = $1 AND status <> $2", values,
                    2))
        return tenant_failed(&session);
    return print_tenant(&session, call, values[0], NULL);
}

int tenant_suspend(const call_t *call)
{
    return set_status(call, "inactive");
}

int tenant_resume(const call_t *call)
{
    return set_status(call, "active");
}

/* Reads --grace-seconds; NULL: it is not a number of them. */
static const char *grace_of(const call_t *call)
{
    const char *text = call->options.values[OPTION_GRACE_SECONDS];
    char *end;
    long seconds;

    if (!text)
        return APR_STRINGIFY(RESOURCE_GRACE_DEFAULT);
    seconds = strtol(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && seconds <= RESOURCE_GRACE_MAX ? text : NULL;
}

/* Puts a new hash in the place of the present one, which goes on for its grace. A tenant that has no key has
 * nothing to retire. */
static int replace_hash(const session_t *session, const char *id, const char *hash, const char *grace)
{
    const char *values[] = {id, hash, grace};
    rowset_t *rows = tenant_run(session,
                                "UPDATE public.tenants SET api_key_hash = $2,"
                                " retiring_api_key_hash = CASE WHEN $3::int > 0 AND " APIKEY_IS_SET
                                " THEN api_key_hash END,"
                                " retiring_api_key_expires_at = CASE WHEN $3::int > 0 AND " APIKEY_IS_SET
                                " THEN now() + make_interval(secs => $3::int) END WHERE id = $1",
                                values, 3);

    if (!rows)
        return tenant_failed(session);
    return rowset_changed(rows) == 1 ? EXIT_DONE : complain(EXIT_FAILED, "tenant %s is gone", id);
}

int tenant_key(const call_t *call)
{
    const char *grace = grace_of(call), *id;
    char key[APIKEY_LENGTH + 1];
    session_t session;
    int status;

    if (!grace)
        return complain(EXIT_USAGE,
                        "--grace-seconds is a number from 0 to " APR_STRINGIFY(RESOURCE_GRACE_MAX));
    status = open_tenant(&session, &id, call, SESSION_KEYS);
    if (status != EXIT_DONE)
        return status;
    apikey_make(key);
    status =
        replace_hash(&session, id,
                     apikey_hash(keyring_key(session.keyring, KEYNAME_PEPPER, 0), key, call->pool), grace);
    if (status == EXIT_DONE)
        status = print_tenant(&session, call, id, key);
    secret_wipe(key, sizeof key);
    return status;
}
