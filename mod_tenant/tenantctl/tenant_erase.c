/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of a tenant, removed for good: in portions, so that it disturbs nobody and may be stopped. */
#include <apr_strings.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../json/member.h"
#include "input.h"
#include "move.h"
#include "output.h"
#include "portable.h"
#include "progress.h"
#include "tenant.h"
#include "tenant_export.h"

#define PORTION "5000"

/* A tenant on its way out. */
typedef struct erasure_t {
    const session_t *session;
    const char *id;
    const char *name;
    apr_array_header_t *tables; /* const char * */
    int64_t *counts;            /* of each: how many rows there were */
    int64_t *erased;            /* and how many have been deleted */
    int64_t audit_count;        /* of lines of the audit that tell of it, but for those that stay */
    int64_t audit_erased;
} erasure_t;

/* Of the rows that a statement removes the audit tells once, at the end, and not one by one. */
#define UNTOLD "set_config('mod_tenant.erased', $1::int::text, true) IS NOT NULL"

/* What the audit tells of the tenant, its users and who has asked for what; but what earlier runs have said
 * of how much there was stays. */
#define AUDIT_GOES "action <> 'begin_erase'"

/* The row, where it is that of an inactive tenant. */
#define INACTIVE "EXISTS (SELECT FROM public.tenants WHERE id = $1::int AND status = 'inactive')"

static const char *table_of(const erasure_t *erasure, int n)
{
    return APR_ARRAY_IDX(erasure->tables, n, const char *);
}

static int find(erasure_t *erasure, const char *named)
{
    rowset_t *rows;
    int status = tenant_find(&erasure->id, erasure->session, named);

    if (status != EXIT_DONE)
        return status;
    rows = tenant_run(
        erasure->session,
        "SELECT status = 'inactive', name::text,"
        " (SELECT CASE WHEN m.side = 'source' AND m.state <> 'done' THEN 'to another database'"
        " WHEN m.state = 'copying' AND EXISTS (SELECT FROM pg_catalog.pg_subscription s"
        " WHERE s.subname = format('tenant_move_%s_%s', m.tenant, left(m.id::text, 8)) AND s.subdbid ="
        " (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) THEN 'here' END"
        " FROM public.tenant_moves m WHERE m.tenant = t.id) FROM public.tenants t WHERE id = $1::int",
        &erasure->id, 1);
    if (!rows)
        return tenant_failed(erasure->session);
    if (rowset_count(rows) != 1 || strcmp(rowset_text(rows, 0, 0), "t") != 0)
        return complain(EXIT_FAILED, "tenant %s is active: suspend it first", erasure->id);
    if (rowset_text(rows, 0, 2))
        return complain(EXIT_FAILED, "tenant %s is on its way %s: end the move first", erasure->id,
                        rowset_text(rows, 0, 2));
    erasure->name = rowset_text(rows, 0, 1);
    return EXIT_DONE;
}

/* Counts the rows of a table that go, into *number. */
static int count_table(int64_t *number, const erasure_t *erasure, const char *table, const char *goes)
{
    const char *sql =
        apr_psprintf(erasure->session->pool,
                     "SELECT count(*)::text FROM public.%s WHERE tenant_id = $1::int AND %s", table, goes);
    rowset_t *rows = tenant_run(erasure->session, sql, &erasure->id, 1);

    if (!rows)
        return tenant_failed(erasure->session);
    *number = atoll(rowset_text(rows, 0, 0));
    return EXIT_DONE;
}

/* Counts the rows that there are. */
static int count(erasure_t *erasure)
{
    apr_pool_t *pool = erasure->session->pool;
    int status = portable_erased(&erasure->tables, erasure->session);

    if (status != EXIT_DONE)
        return status;
    erasure->counts = apr_pcalloc(pool, sizeof(int64_t) * (apr_size_t)erasure->tables->nelts);
    erasure->erased = apr_pcalloc(pool, sizeof(int64_t) * (apr_size_t)erasure->tables->nelts);
    for (int n = 0; status == EXIT_DONE && n < erasure->tables->nelts; n++)
        status = count_table(&erasure->counts[n], erasure, table_of(erasure, n), "true");
    return status == EXIT_DONE ? count_table(&erasure->audit_count, erasure, "audit", AUDIT_GOES) : status;
}

/* What is to go, in words. */
static const char *describe(const erasure_t *erasure, const int64_t *numbers)
{
    apr_pool_t *pool = erasure->session->pool;
    const char *text = "";

    for (int n = 0; n < erasure->tables->nelts; n++)
        text = apr_psprintf(pool, "%s%s%" PRId64 " %s", text, *text ? ", " : "", numbers[n],
                            table_of(erasure, n));
    return text;
}

/* Adds a line to the audit with how many rows there are, or were. */
static int tell(const erasure_t *erasure, const char *action, const int64_t *numbers, int64_t of_audit)
{
    apr_pool_t *pool = erasure->session->pool;
    const char *values[] = {erasure->id, action, NULL};
    writer_t writer;

    writer_init(&writer, pool, 256);
    member_object(&writer, NULL);
    for (int n = 0; n < erasure->tables->nelts; n++)
        member_integer(&writer, table_of(erasure, n), numbers[n]);
    member_integer(&writer, "audit", of_audit);
    member_object_end(&writer);
    values[2] = apr_pstrmemdup(pool, writer.text, writer.length);
    return tenant_run(erasure->session,
                      "INSERT INTO public.audit (tenant_id, action, kind, row_id, changes)"
                      " VALUES ($1::int, $2, 'tenants', $1::int::text, $3::jsonb)",
                      values, 3)
               ? EXIT_DONE
               : tenant_failed(erasure->session);
}

/* Makes sure that it is meant: the name has to be typed. */
static int confirm(const erasure_t *erasure, const call_t *call)
{
    int answer = call_has(call, OPTION_YES)
                     ? 1
                     : input_repeat(apr_psprintf(call->pool,
                                                 "Tenant %s and its rows (%s) will be gone for good.\n"
                                                 "Type its name to erase it: ",
                                                 erasure->id, describe(erasure, erasure->counts)),
                                    erasure->name);

    if (answer < 0)
        return complain(EXIT_USAGE, "there is nobody to ask: say --yes");
    return answer ? EXIT_DONE : complain(EXIT_FAILED, "tenant %s stays", erasure->id);
}

/* Deletes those of a table's rows that go, a portion in each transaction. Where the tenant has become active
 * it stops. */
static int erase_table(const erasure_t *erasure, const char *table, const char *goes, int64_t count,
                       int64_t *erased)
{
    const char *sql = apr_psprintf(erasure->session->pool,
                                   "DELETE FROM public.%s WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.%s"
                                   " WHERE tenant_id = $1::int AND %s AND " INACTIVE " LIMIT " PORTION
                                   ")) AND tenant_id = $1::int AND " UNTOLD,
                                   table, table, goes);
    int deleted = 0;

    do {
        rowset_t *rows = tenant_run(erasure->session, sql, &erasure->id, 1);

        if (!rows)
            return tenant_failed(erasure->session);
        deleted = rowset_changed(rows);
        *erased += deleted;
        progress_show(table, *erased, count);
    } while (deleted > 0);
    progress_end();
    return EXIT_DONE;
}

/* Counts what is left in a table, in the transaction in which the tenant's row went. */
static int check_empty(const erasure_t *erasure, int n)
{
    const char *sql =
        apr_psprintf(erasure->session->pool, "SELECT FROM public.%s WHERE tenant_id = $1::int LIMIT 1",
                     table_of(erasure, n));
    rowset_t *rows = tenant_run(erasure->session, sql, &erasure->id, 1);

    if (!rows)
        return tenant_failed(erasure->session);
    if (rowset_count(rows) == 0)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "rows of tenant %s have come into %s meanwhile: run this again", erasure->id,
                    table_of(erasure, n));
}

/* In the place of what the audit has said comes how much there was. What it has said since the last portion
 * is little. */
static int replace_audit(const erasure_t *erasure)
{
    rowset_t *rows =
        tenant_run(erasure->session, "DELETE FROM public.audit WHERE tenant_id = $1::int AND " AUDIT_GOES,
                   &erasure->id, 1);

    return rows ? tell(erasure, "erase", erasure->erased, erasure->audit_erased + rowset_changed(rows))
                : tenant_failed(erasure->session);
}

/* Deletes the tenant's own row, and proves that nothing is left. */
static int erase_tenant(const erasure_t *erasure)
{
    const session_t *session = erasure->session;
    rowset_t *rows = NULL;
    int status = EXIT_DONE;

    if (tenant_run(session, "BEGIN", NULL, 0))
        rows = tenant_run(session,
                          "DELETE FROM public.tenants WHERE id = $1::int AND status = 'inactive'"
                          " AND " UNTOLD,
                          &erasure->id, 1);
    if (!rows)
        return tenant_failed(session);
    if (rowset_changed(rows) != 1)
        return complain(EXIT_FAILED,
                        "tenant %s has become active meanwhile, or is gone: what was erased is gone (%s)",
                        erasure->id, describe(erasure, erasure->erased));
    for (int n = 0; status == EXIT_DONE && n < erasure->tables->nelts; n++)
        status = check_empty(erasure, n);
    if (status == EXIT_DONE)
        status = replace_audit(erasure);
    if (status != EXIT_DONE)
        return status;
    return tenant_run(session, "COMMIT", NULL, 0) ? EXIT_DONE : tenant_failed(session);
}

static int erase(erasure_t *erasure)
{
    int status = tell(erasure, "begin_erase", erasure->counts, erasure->audit_count);

    for (int n = 0; status == EXIT_DONE && n < erasure->tables->nelts; n++)
        status = erase_table(erasure, table_of(erasure, n), "true", erasure->counts[n], &erasure->erased[n]);
    if (status == EXIT_DONE)
        status = erase_table(erasure, "audit", AUDIT_GOES, erasure->audit_count, &erasure->audit_erased);
    if (status == EXIT_DONE)
        status = move_drop_guards(erasure->session,
                                  erasure->id); /* while it can be found: this may be run again */
    return status == EXIT_DONE ? erase_tenant(erasure) : status;
}

/* --- The command ---------------------------------------------------------------------------------------- */

static const output_column_t record_columns[] = {
    {.key = "id", .type = OUTPUT_LITERAL}, {.key = "name"}, {.key = "export"}, {0}};
static const output_column_t table_columns[] = {{.key = "table"},
                                                {.key = "rows", .type = OUTPUT_LITERAL},
                                                {0}};

static void print(const erasure_t *erasure, const call_t *call)
{
    output_t *record = output_make(record_columns, call->pool);
    output_t *list = output_make(table_columns, call->pool);

    output_row(record, (const char *[]){erasure->id, erasure->name, call->options.values[OPTION_EXPORT]});
    for (int n = 0; n < erasure->tables->nelts; n++)
        output_row(list, (const char *[]){table_of(erasure, n),
                                          apr_psprintf(call->pool, "%" PRId64, erasure->erased[n])});
    output_print(record, "erased", list, call_has(call, OPTION_JSON), call->pool);
}

int tenant_erase_run(const call_t *call)
{
    const char *file = call->options.values[OPTION_EXPORT];
    session_t session;
    erasure_t erasure = {.session = &session};
    manifest_t manifest;
    int status;

    if (!file == !call_has(call, OPTION_WITHOUT_EXPORT))
        return complain(EXIT_USAGE, "say --export FILE to keep what the tenant has, or --without-export");
    if (file && strcmp(file, "-") == 0)
        return complain(EXIT_USAGE, "--export takes a file: what is sent on may be lost");
    if ((status = session_open(&session, call, SESSION_DATABASE | SESSION_OWNER)) != EXIT_DONE ||
        (status = find(&erasure, call->operands[0])) != EXIT_DONE || (status = count(&erasure)) != EXIT_DONE)
        return status;
    if (file)
        status =
            tenant_export_to(&manifest, &session, erasure.id, file, call_has(call, OPTION_WITH_PASSWORDS));
    if (status == EXIT_DONE)
        status = confirm(&erasure, call);
    if (status == EXIT_DONE)
        status = erase(&erasure);
    if (status == EXIT_DONE)
        print(&erasure, call);
    return status;
}
