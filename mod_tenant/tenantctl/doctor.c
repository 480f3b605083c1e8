/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for what is wrong with what mod_tenant relies on. Changes nothing. */
#include <apr_strings.h>
#include <string.h>

#include "../resource/check.h"
#include "../secret/loaded.h"
#include "../secret/seal.h"
#include "catalog.h"
#include "finding.h"
#include "keyuse.h"
#include "move.h"
#include "nodes.h"
#include "sealed.h"
#include "session.h"

typedef struct doctor_t {
    session_t *session;
    output_t *findings;
} doctor_t;

static const char *key_name(keyname_purpose_t purpose, uint32_t id, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s %u", keyname_word(purpose), id);
}

/* A check that the database does not let us do is a finding too. */
static void cannot(doctor_t *doctor, const char *check)
{
    finding_add(doctor->findings, check, "database", console_failure(doctor->session->database));
}

/* Whether each server has the primary keys. */
static void check_nodes(doctor_t *doctor)
{
    session_t *session = doctor->session;
    int done = nodes_check(doctor->findings, session->database, session->pool);

    for (int purpose = 0; done && session->keyring && purpose < KEYNAME_PURPOSES; purpose++) {
        const keyring_key_t *key = keyring_key(session->keyring, (keyname_purpose_t)purpose, 0);
        const char *names;

        done = nodes_without_key(&names, session->database, key->purpose, key->id, session->pool);
        if (done && names)
            finding_add(doctor->findings, "nodes", key_name(key->purpose, key->id, session->pool),
                        apr_pstrcat(session->pool, "is primary, and is not loaded by ", names, NULL));
    }
    if (!done)
        cannot(doctor, "nodes");
}

/* Whether httpd has loaded the primary keys, where it tells. */
static void check_loaded(doctor_t *doctor)
{
    session_t *session = doctor->session;
    loaded_t *loaded;

    if (!session->runtime_dir ||
        loaded_read(&loaded, apr_pstrcat(session->pool, session->runtime_dir, "/" LOADED_NAME, NULL),
                    session->pool))
        return;
    for (int purpose = 0; purpose < KEYNAME_PURPOSES; purpose++) {
        const keyring_key_t *key = keyring_key(session->keyring, (keyname_purpose_t)purpose, 0);

        if (!loaded_has(loaded, key->purpose, key->id))
            finding_add(doctor->findings, "key-file", key_name(key->purpose, key->id, session->pool),
                        "is primary, but httpd has not loaded it: reload httpd");
    }
}

/* The key file itself. 0: it cannot be read. */
static int check_key_file(doctor_t *doctor)
{
    session_t *session = doctor->session;
    const char *sentence = keyring_read(&session->keyring, session->key_file, session->pool);

    if (sentence)
        finding_add(doctor->findings, "key-file", session->key_file, sentence);
    else
        check_loaded(doctor);
    return sentence == NULL;
}

/* Keys that something was made with and the key file lacks. */
static void check_key_use(doctor_t *doctor)
{
    session_t *session = doctor->session;
    const keyuse_t *use = keyuse_read(session->database, session->pool);
    const keyuse_entry_t *entry;

    if (!use) {
        cannot(doctor, "keys");
        return;
    }
    for (int n = 0; (entry = keyuse_entry(use, n)) != NULL; n++) {
        if (!keyring_find(session->keyring, entry->purpose, entry->id))
            finding_add(doctor->findings, "keys", key_name(entry->purpose, entry->id, session->pool),
                        apr_psprintf(session->pool, "is missing from the key file; %s values need it",
                                     entry->count));
    }
}

/* One stored secret. Those under a key that is missing are told by check_key_use(), all at once. */
static int check_secret(void *context, const sealed_column_t *column, const sealed_value_t *value,
                        apr_pool_t *pool)
{
    const seal_place_t place = sealed_place(column, value);
    doctor_t *doctor = context;
    const char *plaintext, *what;
    apr_size_t length;

    switch (seal_open(&plaintext, &length, doctor->session->keyring, &place, value->text, pool)) {
    case SEAL_OPENED:
    case SEAL_UNKNOWN_KEY:
        return 1;
    case SEAL_NOT_SEALED:
        what = *value->text ? "is in clear: run tenantctl rewrap --plaintext" : "is empty: unset it";
        break;
    case SEAL_CORRUPTED:
    default:
        what = "cannot be opened: it was altered, or belongs to another place";
    }
    finding_add(doctor->findings, "secrets",
                apr_psprintf(doctor->session->pool, "%s.%s of tenant %d", column->table, column->name,
                             value->tenant_id),
                what);
    return 1;
}

static void check_secrets(doctor_t *doctor)
{
    session_t *session = doctor->session;

    for (const sealed_column_t *column = sealed_columns(session->pool); column->table; column++) {
        if (!sealed_each(session->database, column, check_secret, doctor, session->pool))
            cannot(doctor, "secrets");
    }
}

/* Tenants that cannot be reached as they are meant to. */
static void check_tenants(doctor_t *doctor)
{
    apr_pool_t *pool = doctor->session->pool;
    rowset_t *rows = console_run(doctor->session->database, pool,
                                 "SELECT id::text, custom_domain::text,"
                                 " api_key_hash ~ '^[1-9][0-9]{0,9}:[0-9a-f]{64}$'"
                                 " FROM public.tenants ORDER BY tenants.id",
                                 NULL, 0);

    if (!rows)
        cannot(doctor, "tenants");
    for (int n = 0; rows && n < rowset_count(rows); n++) {
        const char *tenant = apr_pstrcat(pool, "tenant ", rowset_text(rows, n, 0), NULL);
        const char *domain = rowset_text(rows, n, 1);

        if (strcmp(rowset_text(rows, n, 2), "t") != 0)
            finding_add(doctor->findings, "tenants", tenant,
                        "has no usable API key: give it one with tenantctl tenant key");
        if (domain && check_domain(domain, strlen(domain)))
            finding_add(doctor->findings, "tenants", tenant,
                        apr_pstrcat(pool, "has a custom domain that no Host equals: it ",
                                    check_domain(domain, strlen(domain)), ", in lower case", NULL));
    }
}

/* Rows, and what makes keys, cross the network. */
static void check_connection(doctor_t *doctor)
{
    const char *host = console_clear_host(doctor->session->database);

    if (host)
        finding_add(doctor->findings, "connection", host,
                    "is reached in the clear: set sslmode=verify-full and sslrootcert, or require at least");
}

/* Whether httpd's user is let in, which nobody else can tell where PostgreSQL asks the system who it is. */
static void check_service(doctor_t *doctor, const char *conninfo, const char *name)
{
    const session_t *session = doctor->session;
    const char *why =
        conninfo && session->user ? console_try_as(conninfo, session->user, session->pool) : NULL;

    if (why)
        finding_add(doctor->findings, "connection", name,
                    apr_psprintf(session->pool, "does not let in the user %s, as httpd is: %s", session->user,
                                 why));
}

static int print_findings(const call_t *call, const output_t *findings)
{
    static const output_column_t columns[] = {{.key = "clean", .type = OUTPUT_LITERAL}, {0}};
    output_t *record = output_make(columns, call->pool);
    int clean = output_rows(findings) == 0;

    output_row(record, (const char *[]){clean ? "true" : "false"});
    output_print(record, "findings", findings, call_has(call, OPTION_JSON), call->pool);
    return clean ? EXIT_DONE : EXIT_FAILED;
}

int doctor_run(const call_t *call)
{
    static const output_column_t columns[] = {{.key = "check"}, {.key = "object"}, {.key = "finding"}, {0}};
    session_t session;
    doctor_t doctor = {&session, output_make(columns, call->pool)};
    int status = session_open(&session, call, SESSION_DATABASE | SESSION_KEY_FILE);

    if (status != EXIT_DONE)
        return status;
    check_connection(&doctor);
    check_service(&doctor, session.service, "TenantDatabase");
    check_service(&doctor, session.reader, "TenantDatabase read=");
    catalog_check(doctor.findings, session.database, call->pool);
    check_tenants(&doctor);
    if (check_key_file(&doctor)) {
        check_key_use(&doctor);
        check_secrets(&doctor);
    }
    check_nodes(&doctor);
    if (!move_findings(doctor.findings, session.database, call->pool))
        cannot(&doctor, "moves");
    return print_findings(call, doctor.findings);
}
