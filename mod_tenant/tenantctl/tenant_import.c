/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant of an export, made anew in this database: with ids and an API key of its own. */
#include <apr_strings.h>
#include <inttypes.h>
#include <string.h>

#include "../json/scan.h"
#include "../json/tree.h"
#include "../secret/apikey.h"
#include "../secret/secret.h"
#include "inflow.h"
#include "output.h"
#include "profile.h"
#include "tenant.h"

/* --- The tenant's own row ------------------------------------------------------------------------------- */

/* The one line of tenants. */
typedef struct own_row_t {
    apr_pool_t *pool;
    const char *line;
    const char *columns; /* that are stored */
    const char *domain;  /* instead of the row's; NULL: none */
    profile_t profile;
} own_row_t;

static int keep_line(void *context, const char *line, apr_size_t length)
{
    own_row_t *row = context;

    row->line = apr_pstrmemdup(row->pool, line, length);
    return 1;
}

/* Takes a text through the check that the command line's options go through. */
static int check_member(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    own_row_t *row = context;
    const field_t *field = profile_field(name, name_length);
    apr_size_t length;

    if (!field || field->type != FIELD_TEXT || !portable_has(row->columns, name) ||
        tree_type(value) != TREE_STRING || (row->domain && strcmp(name, "custom_domain") == 0))
        return 0;
    return profile_add(&row->profile, field->name, tree_string(value, &length), row->pool) != EXIT_DONE;
}

/* Reads the tenant's row, which has to be such as the API would take. */
static int read_own_row(own_row_t *row, const contents_t *contents)
{
    const manifest_file_t *file = manifest_find(&contents->manifest, "tenants");
    const tree_t *root;
    scan_error_t error;
    int status;

    if (!file || file->rows != 1 || !portable_has(file->columns, "name") ||
        !portable_has(file->columns, "status"))
        return complain(EXIT_FAILED, "%s is no export that can be read: it has not one tenant",
                        contents->path);
    row->columns = file->columns;
    status = contents_each(contents, file, keep_line, row);
    if (status != EXIT_DONE)
        return status;
    if (scan_text(row->line, strlen(row->line), &scan_limits_default, &error, row->pool) ||
        !tree_parse(&root, row->line, strlen(row->line), row->pool) || tree_type(root) != TREE_OBJECT)
        return complain(EXIT_FAILED, "%s: the tenant is no JSON object", contents->path);
    return tree_each(root, check_member, row)
               ? complain(EXIT_FAILED, "%s: the tenant has a field that no tenant may have", contents->path)
               : EXIT_DONE;
}

/* Makes the tenant, with a new key. */
static int make_tenant(const char **id, const session_t *session, const own_row_t *row, const char *hash)
{
    apr_pool_t *pool = session->pool;
    apr_array_header_t *columns = portable_split(row->columns, ',', pool);
    const char *values[] = {apr_pstrcat(pool, "[", row->line, "]", NULL), hash, row->domain};
    const char *names = "api_key_hash", *from = "$2", *sql;
    rowset_t *rows;

    for (int n = 0; n < columns->nelts; n++) {
        const char *column = APR_ARRAY_IDX(columns, n, const char *);

        if (strcmp(column, "id") == 0 || (row->domain && strcmp(column, "custom_domain") == 0))
            continue;
        names = apr_pstrcat(pool, names, ", \"", column, "\"", NULL);
        from = apr_pstrcat(pool, from, ", r.\"", column, "\"", NULL);
    }
    if (row->domain) {
        names = apr_pstrcat(pool, names, ", custom_domain", NULL);
        from = apr_pstrcat(pool, from, ", $3", NULL);
    }
    sql = apr_psprintf(pool,
                       "INSERT INTO public.tenants (%s) SELECT %s"
                       " FROM json_populate_recordset(NULL::public.tenants, $1::json) r RETURNING id::text",
                       names, from);
    rows = tenant_run(session, sql, values, row->domain ? 3 : 2);
    if (!rows && console_hurt(session->database, "tenants_custom_domain_key"))
        return complain(EXIT_FAILED, "another tenant has this custom domain: give this one another by"
                                     " --custom-domain");
    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) != 1)
        return complain(EXIT_FAILED, "the export has not one tenant");
    *id = rowset_text(rows, 0, 0);
    return EXIT_DONE;
}

/* --- The command ---------------------------------------------------------------------------------------- */

static const output_column_t record_columns[] = {
    {.key = "id", .type = OUTPUT_LITERAL},        {.key = "name"},    {.key = "exported_at"},
    {.key = "former_id", .type = OUTPUT_LITERAL}, {.key = "api_key"}, {0}};
static const output_column_t table_columns[] = {{.key = "table"},
                                                {.key = "rows", .type = OUTPUT_LITERAL},
                                                {0}};

static void print(const manifest_t *manifest, const char *id, const char *key, const call_t *call)
{
    output_t *record = output_make(record_columns, call->pool);
    output_t *list = output_make(table_columns, call->pool);

    output_row(record,
               (const char *[]){id, manifest->tenant_name, manifest->exported_at, manifest->tenant_id, key});
    for (int n = 0; n < manifest->files->nelts; n++) {
        const manifest_file_t *file = &APR_ARRAY_IDX(manifest->files, n, manifest_file_t);

        output_row(list, (const char *[]){file->table, apr_psprintf(call->pool, "%" PRId64, file->rows)});
    }
    output_print(record, "tables", list, call_has(call, OPTION_JSON), call->pool);
}

/* Whether the database knows the schema that the export is of. */
static int check_schema(const session_t *session, const contents_t *contents)
{
    rowset_t *rows =
        tenant_run(session, "SELECT FROM sqitch.changes WHERE project = 'mod_tenant' AND change = $1",
                   &contents->manifest.schema, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) > 0)
        return EXIT_DONE;
    return complain(EXIT_FAILED,
                    "%s is of a schema with the change %s, which this database has not: run sqitch deploy",
                    contents->path, contents->manifest.schema);
}

static int begin(const session_t *session)
{
    static const char *const statements[] = {
        "BEGIN",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL \"TimeZone\" = 'UTC'",
        NULL,
    };

    return tenant_begin(session, statements);
}

/* All of it, in one transaction. */
static int import(const char **id, inflow_t *inflow, own_row_t *row, const char *hash)
{
    const session_t *session = inflow->session;
    apr_array_header_t *tables;
    int status;

    if ((status = begin(session)) != EXIT_DONE ||
        (status = check_schema(session, inflow->contents)) != EXIT_DONE ||
        (status = portable_read(&tables, session, inflow->contents->manifest.with_passwords)) != EXIT_DONE)
        return status;
    inflow->tables = tables;
    if ((status = inflow_check(inflow)) != EXIT_DONE ||
        (status = read_own_row(row, inflow->contents)) != EXIT_DONE ||
        (status = make_tenant(&inflow->tenant, session, row, hash)) != EXIT_DONE ||
        (status = inflow_run(inflow)) != EXIT_DONE)
        return status;
    *id = inflow->tenant;
    return tenant_run(session, "COMMIT", NULL, 0) ? EXIT_DONE : tenant_failed(session);
}

int tenant_import_run(const call_t *call)
{
    own_row_t row = {.pool = call->pool};
    const char *domain = call->options.values[OPTION_CUSTOM_DOMAIN], *id;
    char key[APIKEY_LENGTH + 1];
    contents_t contents;
    session_t session;
    inflow_t inflow = {.session = &session, .contents = &contents};
    int status;

    if (domain && (status = profile_add(&row.profile, "custom_domain", domain, call->pool)) != EXIT_DONE)
        return status;
    if (domain)
        row.domain = row.profile.items[0].value; /* in lower case */
    if ((status = contents_open(&contents, call->operands[0], call->pool)) != EXIT_DONE ||
        (status = session_open(&session, call, SESSION_DATABASE | SESSION_KEYS | SESSION_OWNER)) != EXIT_DONE)
        return status;
    apikey_make(key);
    status = import(&id, &inflow, &row,
                    apikey_hash(keyring_key(session.keyring, KEYNAME_PEPPER, 0), key, call->pool));
    if (status == EXIT_DONE)
        print(&contents.manifest, id, key, call);
    secret_wipe(key, sizeof key);
    return status;
}
