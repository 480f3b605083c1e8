/* SPDX-License-Identifier: Apache-2.0 */
#include "inflow.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "../json/writer.h"
#include "../secret/secret.h"
#include "output.h"
#include "progress.h"
#include "tenant.h"

enum { BATCH_ROWS = 1000, BATCH_BYTES = 1024 * 1024, TAKEN_SHOWN = 1000 };

/* The rows of a table as a relation r, of a JSON array in $1. */
#define ROWS_OF "json_populate_recordset(NULL::public.\"%s\", $1::json) r"

/* A table on its way. */
typedef struct table_flow_t {
    inflow_t *inflow;
    const manifest_file_t *file;
    const portable_table_t *table;
    const char *map_sql; /* NULL: nothing refers to its ids */
    const char *sql;
    apr_pool_t *pool; /* of a batch */
    writer_t batch;
    int rows; /* in the batch */
    int64_t done;
} table_flow_t;

/* --- Statements ----------------------------------------------------------------------------------------- */

/* The table that a column's ids are of; NULL: it holds none. */
static const char *referred(const portable_table_t *table, const char *column, apr_pool_t *pool)
{
    apr_array_header_t *refers = portable_split(table->refers, ',', pool);
    size_t length = strlen(column);

    for (int n = 0; n < refers->nelts; n++) {
        const char *pair = APR_ARRAY_IDX(refers, n, const char *);

        if (strncmp(pair, column, length) == 0 && pair[length] == '=')
            return pair + length + 1;
    }
    return NULL;
}

/* What is stored in a column: what the row has, or the new id in the place of an old one. An id that the
 * export has no row for is an error, which the text names. */
static const char *value_sql(const table_flow_t *flow, const char *column, apr_pool_t *pool)
{
    const char *other = referred(flow->table, column, pool);

    if (!other)
        return apr_psprintf(pool, "r.\"%s\"", column);
    return apr_psprintf(
        pool,
        "CASE WHEN r.\"%s\" IS NOT NULL THEN coalesce((SELECT m.new FROM %s m WHERE m.relation = "
        "'%s' AND m.old = r.\"%s\"), ('%s ' || r.\"%s\" || ', which is not in the export')::bigint)"
        " END",
        column, flow->inflow->map, other, column, other, column);
}

/* Stores a batch. An id that nothing refers to comes from the column's default. */
static const char *insert_sql(const table_flow_t *flow, apr_pool_t *pool)
{
    const portable_table_t *table = flow->table;
    apr_array_header_t *columns = portable_split(flow->file->columns, ',', pool);
    const char *names = "\"tenant_id\"", *values = "$2::int", *joined = "";

    for (int n = 0; n < columns->nelts; n++) {
        const char *column = APR_ARRAY_IDX(columns, n, const char *);

        if (table->sequence && strcmp(column, "id") == 0)
            continue;
        names = apr_pstrcat(pool, names, ", \"", column, "\"", NULL);
        values = apr_pstrcat(pool, values, ", ", value_sql(flow, column, pool), NULL);
    }
    if (flow->map_sql) {
        names = apr_pstrcat(pool, names, ", \"id\"", NULL);
        values = apr_pstrcat(pool, values, ", own.new", NULL);
        joined = apr_psprintf(pool, " JOIN %s own ON own.relation = '%s' AND own.old = r.id",
                              flow->inflow->map, table->name);
    }
    return apr_psprintf(pool,
                        "INSERT INTO public.\"%s\" (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM " ROWS_OF
                        "%s ON CONFLICT DO NOTHING",
                        table->name, names, values, table->name, joined);
}

/* Gives each row of a batch its new id ahead. */
static const char *map_sql(const table_flow_t *flow, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "INSERT INTO %s (relation, old, new) SELECT '%s', r.id, nextval('%s') FROM " ROWS_OF,
                        flow->inflow->map, flow->table->name, flow->table->sequence, flow->table->name);
}

/* Where the rows of a batch hold what another tenant's row has. */
static const char *taken_sql(const table_flow_t *flow, const char *columns, apr_pool_t *pool)
{
    const char *name = flow->table->name;

    return apr_psprintf(pool,
                        "SELECT DISTINCT concat_ws(' ', %s) FROM " ROWS_OF
                        " JOIN public.\"%s\" c ON (%s) = (%s)"
                        " WHERE c.tenant_id <> $2::int ORDER BY 1",
                        portable_quote(columns, "r.", pool), name, name, portable_quote(columns, "c.", pool),
                        portable_quote(columns, "r.", pool));
}

/* --- Batches -------------------------------------------------------------------------------------------- */

/* Names what is taken. */
static int show_taken(inflow_t *inflow, const portable_table_t *table, const char *columns,
                      const rowset_t *rows)
{
    for (int row = 0; row < rowset_count(rows); row++) {
        if (inflow->taken++ < TAKEN_SHOWN)
            complain(EXIT_FAILED, "%s of %s is there already: %s", columns, table->name,
                     rowset_text(rows, row, 0));
    }
    return rowset_count(rows);
}

/* Says why rows of a batch were not stored. Those of further batches are tried, so that all are named. */
static int explain(table_flow_t *flow, const char *const *values)
{
    inflow_t *inflow = flow->inflow;
    apr_array_header_t *uniques = portable_split(flow->table->uniques, ';', flow->pool);
    int found = 0;

    for (int n = 0; n < uniques->nelts; n++) {
        const char *columns = APR_ARRAY_IDX(uniques, n, const char *);
        rowset_t *rows = console_run(inflow->session->database, flow->pool,
                                     taken_sql(flow, columns, flow->pool), values, 2);

        if (!rows)
            return tenant_failed(inflow->session);
        found += show_taken(inflow, flow->table, columns, rows);
    }
    if (found)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "%s" MANIFEST_END ": rows of it repeat each other, or are more than lines",
                    flow->table->name);
}

/* Stores the batch. */
static int store(table_flow_t *flow)
{
    console_t *database = flow->inflow->session->database;
    const char *values[2] = {NULL, flow->inflow->tenant};
    rowset_t *rows;

    writer_raw(&flow->batch, "]", sizeof "]");
    values[0] = flow->batch.text;
    if (flow->map_sql && !console_run(database, flow->pool, flow->map_sql, values, 1))
        return tenant_failed(flow->inflow->session);
    rows = console_run(database, flow->pool, flow->sql, values, 2);
    if (!rows) {
        complain(EXIT_FAILED, "%s" MANIFEST_END ", behind line %" PRId64 ":", flow->table->name, flow->done);
        return tenant_failed(flow->inflow->session);
    }
    return rowset_changed(rows) == flow->rows ? EXIT_DONE : explain(flow, values);
}

static void begin_batch(table_flow_t *flow)
{
    flow->rows = 0;
    writer_init(&flow->batch, flow->pool, BATCH_BYTES / 16);
}

static int end_batch(table_flow_t *flow)
{
    int status = flow->rows > 0 ? store(flow) : EXIT_DONE;

    secret_wipe(flow->batch.text, flow->batch.length);
    apr_pool_clear(flow->pool);
    flow->done += flow->rows;
    progress_show(flow->table->name, flow->done, flow->file->rows);
    begin_batch(flow);
    return status;
}

static int take_line(void *context, const char *line, apr_size_t length)
{
    table_flow_t *flow = context;

    writer_raw(&flow->batch, flow->rows ? "," : "[", 1);
    writer_raw(&flow->batch, line, length);
    flow->rows++;
    return (flow->rows < BATCH_ROWS && flow->batch.length < BATCH_BYTES) || end_batch(flow) == EXIT_DONE;
}

static int run_table(inflow_t *inflow, const portable_table_t *table, const manifest_file_t *file)
{
    apr_pool_t *pool = inflow->session->pool;
    table_flow_t flow = {.inflow = inflow, .file = file, .table = table};
    int status;

    apr_pool_create(&flow.pool, pool);
    if (table->is_referred_to && portable_has(file->columns, "id"))
        flow.map_sql = map_sql(&flow, pool);
    flow.sql = insert_sql(&flow, pool);
    begin_batch(&flow);
    status = contents_each(inflow->contents, file, take_line, &flow);
    if (status == EXIT_DONE)
        status = end_batch(&flow);
    progress_end();
    apr_pool_destroy(flow.pool);
    return status;
}

/* --- All tables ----------------------------------------------------------------------------------------- */

static int check_columns(const contents_t *contents, const portable_table_t *table,
                         const manifest_file_t *file)
{
    apr_array_header_t *columns = portable_split(file->columns, ',', contents->pool);

    for (int n = 0; n < columns->nelts; n++) {
        const char *column = APR_ARRAY_IDX(columns, n, const char *);

        if (!portable_has(table->columns, column))
            return complain(EXIT_FAILED,
                            "%s has the column %s of %s, which an import into this database cannot have",
                            contents->path, column, table->name);
    }
    return EXIT_DONE;
}

int inflow_check(const inflow_t *inflow)
{
    const apr_array_header_t *files = inflow->contents->manifest.files;
    int status = EXIT_DONE;

    for (int n = 0; status == EXIT_DONE && n < files->nelts; n++) {
        const manifest_file_t *file = &APR_ARRAY_IDX(files, n, manifest_file_t);
        const portable_table_t *table = portable_find(inflow->tables, file->table);

        if (!table)
            return complain(EXIT_FAILED, "%s has the table %s, which this database has not",
                            inflow->contents->path, file->table);
        status = check_columns(inflow->contents, table, file);
    }
    return status;
}

/* Makes the table of ids, where one is needed. Nobody else sees it, for it goes before the end of the
 * transaction; a temporary one would take a right that no role has. */
static int make_map(inflow_t *inflow)
{
    int is_needed = 0;

    for (int n = 0; n < inflow->tables->nelts; n++)
        is_needed |= APR_ARRAY_IDX(inflow->tables, n, portable_table_t).is_referred_to;
    if (!is_needed)
        return EXIT_DONE;
    inflow->map = apr_psprintf(inflow->session->pool, "tenant_migration.import_%ld", (long)getpid());
    return tenant_run(inflow->session,
                      apr_psprintf(inflow->session->pool,
                                   "CREATE TABLE %s (relation text, old bigint, new bigint NOT NULL,"
                                   " PRIMARY KEY (relation, old))",
                                   inflow->map),
                      NULL, 0)
               ? EXIT_DONE
               : tenant_failed(inflow->session);
}

static int drop_map(const inflow_t *inflow)
{
    return !inflow->map ||
                   tenant_run(inflow->session,
                              apr_pstrcat(inflow->session->pool, "DROP TABLE ", inflow->map, NULL), NULL, 0)
               ? EXIT_DONE
               : tenant_failed(inflow->session);
}

/* Says in the audit which lines of it this database has not seen itself: of all lines of the tenant those
 * alone that lie between two ids. Ahead of the first one is that which tells that the tenant was made; nobody
 * else can write of the tenant yet. */
static int tell_import(const inflow_t *inflow)
{
    const manifest_t *manifest = &inflow->contents->manifest;
    const char *values[] = {inflow->tenant, manifest->tenant_id, manifest->exported_at};

    return tenant_run(inflow->session,
                      "INSERT INTO public.audit (tenant_id, action, kind, changes)"
                      " SELECT $1::int, 'import', 'audit', jsonb_strip_nulls(jsonb_build_object("
                      "'rows', count(*), 'first', min(id), 'last', max(id), 'former_tenant_id', $2::bigint,"
                      " 'exported_at', $3::text)) FROM public.audit WHERE tenant_id = $1::int"
                      " AND id > (SELECT min(id) FROM public.audit WHERE tenant_id = $1::int)",
                      values, 3)
               ? EXIT_DONE
               : tenant_failed(inflow->session);
}

int inflow_run(inflow_t *inflow)
{
    int status = make_map(inflow);

    for (int n = 0; status == EXIT_DONE && n < inflow->tables->nelts; n++) {
        const portable_table_t *table = &APR_ARRAY_IDX(inflow->tables, n, portable_table_t);
        const manifest_file_t *file = manifest_find(&inflow->contents->manifest, table->name);

        if (file && strcmp(table->key, "tenant_id") == 0)
            status = run_table(inflow, table, file);
        if (status == EXIT_DONE && strcmp(table->name, "audit") == 0)
            status = tell_import(inflow);
    }
    if (inflow->taken > TAKEN_SHOWN)
        complain(EXIT_FAILED, "and %" PRId64 " more", inflow->taken - TAKEN_SHOWN);
    if (inflow->taken)
        status = complain(EXIT_FAILED, "%s: %" PRId64 " of its rows are there already: nothing is imported",
                          inflow->contents->path, inflow->taken);
    return status == EXIT_DONE ? drop_map(inflow) : status;
}
