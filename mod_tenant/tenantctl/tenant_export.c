/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of a tenant, as one snapshot shows it, in a tar archive. */
#include "tenant_export.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "portable.h"
#include "progress.h"
#include "tenant.h"

/* A table on its way into the archive. */
typedef struct stream_t {
    archive_t *archive;
    const char *table;
    int64_t rows;
    int64_t all;
} stream_t;

enum { ROWS_BETWEEN_SIGNS = 1000 };

/* Texts are the same whoever exports: times in UTC, numbers whole. A large table takes longer than a
 * statement usually may. */
static int begin(const session_t *session)
{
    static const char *const statements[] = {
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL \"TimeZone\" = 'UTC'",
        "SET LOCAL \"DateStyle\" = 'ISO, YMD'",
        "SET LOCAL \"IntervalStyle\" = 'postgres'",
        "SET LOCAL extra_float_digits = 1",
        NULL,
    };

    return tenant_begin(session, statements);
}

/* The head of the manifest. */
static int describe(manifest_t *manifest, const session_t *session, const char *id, int with_passwords)
{
    static const char sql[] = "SELECT (SELECT change FROM sqitch.changes WHERE project = 'mod_tenant'"
                              " ORDER BY committed_at DESC, change LIMIT 1),"
                              " to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), name::text"
                              " FROM public.tenants WHERE id = $1::int";
    rowset_t *rows = tenant_run(session, sql, &id, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) == 0)
        return complain(EXIT_FAILED, "tenant %s is gone", id);
    *manifest = (manifest_t){
        .schema = rowset_text(rows, 0, 0),
        .exported_at = rowset_text(rows, 0, 1),
        .tenant_id = id,
        .tenant_name = rowset_text(rows, 0, 2),
        .with_passwords = with_passwords,
        .files = apr_array_make(session->pool, 16, sizeof(manifest_file_t)),
    };
    return EXIT_DONE;
}

/* A query for the rows of a table as lines. What a column of type json holds may have ends of lines between
 * its values. */
static const char *lines_sql(const portable_table_t *table, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "SELECT translate(row_to_json(r)::text, E'\\n\\r', '  ') AS line FROM (SELECT ",
                       portable_quote(table->columns, "", pool), " FROM public.\"", table->name,
                       "\" WHERE \"", table->key, "\" = $1::int", table->order ? " ORDER BY " : "",
                       table->order ? portable_quote(table->order, "", pool) : "", ") r", NULL);
}

/* How many rows there are, and how many bytes, which a tar archive has to know first. */
static int measure(manifest_file_t *file, const session_t *session, const portable_table_t *table,
                   const char *id)
{
    portable_table_t unordered = *table;
    const char *sql;
    rowset_t *rows;

    unordered.order = NULL;
    sql = apr_pstrcat(session->pool,
                      "SELECT count(*)::text, coalesce(sum(octet_length(line) + 1), 0)::text,"
                      " coalesce(max(octet_length(line)), 0)::text FROM (",
                      lines_sql(&unordered, session->pool), ") l", NULL);
    rows = tenant_run(session, sql, &id, 1);
    if (!rows)
        return tenant_failed(session);
    if (atoll(rowset_text(rows, 0, 2)) > MANIFEST_LINE_MAX)
        return complain(EXIT_FAILED, "%s has a row of more than %d MiB, which no import takes", table->name,
                        MANIFEST_LINE_MAX >> 20);
    file->table = table->name;
    file->columns = table->columns;
    file->rows = atoll(rowset_text(rows, 0, 0));
    file->bytes = atoll(rowset_text(rows, 0, 1));
    return EXIT_DONE;
}

static int take_line(void *context, const char *line, apr_size_t length)
{
    stream_t *stream = context;

    if (stream->rows++ % ROWS_BETWEEN_SIGNS == 0)
        progress_show(stream->table, stream->rows - 1, stream->all);
    return archive_add(stream->archive, line, length) && archive_add(stream->archive, "\n", 1);
}

static int write_table(manifest_t *manifest, archive_t *archive, const session_t *session,
                       const portable_table_t *table)
{
    const char *id = manifest->tenant_id;
    manifest_file_t file = {.table = table->name};
    stream_t stream = {.archive = archive, .table = table->name};
    int is_read, status = measure(&file, session, table, id);

    if (status != EXIT_DONE)
        return status;
    stream.all = file.rows;
    archive_begin(archive, apr_pstrcat(session->pool, table->name, MANIFEST_END, NULL), file.bytes);
    is_read = console_each(session->database, lines_sql(table, session->pool), &id, 1, take_line, &stream);
    progress_end();
    if (!is_read)
        return tenant_failed(session);
    if (archive_has_failed(archive))
        return archive_finish(archive);
    file.sha256 = archive_end(archive);
    APR_ARRAY_PUSH(manifest->files, manifest_file_t) = file;
    return EXIT_DONE;
}

static void note_left_out(manifest_t *manifest, const portable_table_t *table, apr_pool_t *pool)
{
    if (!table->left_out)
        return;
    manifest->left_out = apr_pstrcat(pool, manifest->left_out ? manifest->left_out : "",
                                     manifest->left_out ? "," : "", table->left_out, NULL);
}

static int write_all(manifest_t *manifest, archive_t *archive, const session_t *session,
                     const apr_array_header_t *tables)
{
    const char *text;
    int status = EXIT_DONE;

    for (int n = 0; status == EXIT_DONE && n < tables->nelts; n++) {
        const portable_table_t *table = &APR_ARRAY_IDX(tables, n, portable_table_t);

        note_left_out(manifest, table, session->pool);
        if (table->columns)
            status = write_table(manifest, archive, session, table);
    }
    if (status != EXIT_DONE)
        return status;
    text = manifest_write(manifest, session->pool);
    archive_begin(archive, MANIFEST_NAME, (int64_t)strlen(text));
    archive_add(archive, text, strlen(text));
    archive_end(archive);
    return archive_finish(archive);
}

/* What a tenant has left behind where it has moved away from is not what it has now, nor is what has come of
 * one that is on its way here. EXIT_…. */
static int check_is_here(const session_t *session, const char *id)
{
    rowset_t *rows = tenant_run(
        session,
        "SELECT CASE WHEN answer = 'moving' THEN 'is on its way here, and not all of it is there: export it"
        " where it comes from' WHEN state = 'closed' THEN 'is on its way to another database: end the move"
        " first' ELSE 'has moved to another database: export it there' END"
        " FROM public.tenant_moves WHERE tenant = $1::int AND answer IS NOT NULL",
        &id, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) > 0)
        return complain(EXIT_FAILED, "tenant %s %s", id, rowset_text(rows, 0, 0));
    return EXIT_DONE;
}

int tenant_export_to(manifest_t *manifest, const session_t *session, const char *id, const char *path,
                     int with_passwords)
{
    apr_array_header_t *tables;
    archive_t *archive;
    int status;

    if ((status = check_is_here(session, id)) != EXIT_DONE ||
        (status = archive_create(&archive, path, session->pool)) != EXIT_DONE ||
        (status = begin(session)) != EXIT_DONE ||
        (status = describe(manifest, session, id, with_passwords)) != EXIT_DONE ||
        (status = portable_read(&tables, session, with_passwords)) != EXIT_DONE ||
        (status = write_all(manifest, archive, session, tables)) != EXIT_DONE)
        return status;
    return tenant_run(session, "COMMIT", NULL, 0) ? EXIT_DONE : tenant_failed(session);
}

/* --- The command ---------------------------------------------------------------------------------------- */

static const output_column_t record_columns[] = {{.key = "id", .type = OUTPUT_LITERAL},
                                                 {.key = "name"},
                                                 {.key = "file"},
                                                 {.key = "exported_at"},
                                                 {.key = "with_passwords", .type = OUTPUT_LITERAL},
                                                 {.key = "left_out"},
                                                 {0}};
static const output_column_t table_columns[] = {
    {.key = "table"}, {.key = "rows", .type = OUTPUT_LITERAL}, {.key = "bytes", .type = OUTPUT_LITERAL}, {0}};

static void print(const manifest_t *manifest, const char *path, const call_t *call)
{
    output_t *record = output_make(record_columns, call->pool);
    output_t *list = output_make(table_columns, call->pool);

    output_row(record,
               (const char *[]){manifest->tenant_id, manifest->tenant_name, path, manifest->exported_at,
                                manifest->with_passwords ? "true" : "false", manifest->left_out});
    for (int n = 0; n < manifest->files->nelts; n++) {
        const manifest_file_t *file = &APR_ARRAY_IDX(manifest->files, n, manifest_file_t);

        output_row(list, (const char *[]){file->table, apr_psprintf(call->pool, "%" PRId64, file->rows),
                                          apr_psprintf(call->pool, "%" PRId64, file->bytes)});
    }
    output_print(record, "tables", list, call_has(call, OPTION_JSON), call->pool);
}

int tenant_export_run(const call_t *call)
{
    int with_passwords = call_has(call, OPTION_WITH_PASSWORDS);
    const char *path = call->operands[1], *id;
    manifest_t manifest;
    session_t session;
    int status;

    if ((status = session_open(&session, call, SESSION_DATABASE | (with_passwords ? SESSION_OWNER : 0))) !=
            EXIT_DONE ||
        (status = tenant_find(&id, &session, call->operands[0])) != EXIT_DONE ||
        (status = tenant_export_to(&manifest, &session, id, path, with_passwords)) != EXIT_DONE)
        return status;
    if (strcmp(path, "-") != 0) /* what is on standard output is the archive alone */
        print(&manifest, path, call);
    return EXIT_DONE;
}
