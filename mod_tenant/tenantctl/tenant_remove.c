/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "output.h"
#include "tenant.h"

/* The tables whose rows go with a tenant, and their columns for it.
 * Whoever adds such a table need not tell. */
static const char tables_sql[] =
    "SELECT quote_ident(c.relname), quote_ident(a.attname) FROM pg_catalog.pg_constraint f"
    " JOIN pg_catalog.pg_class c ON c.oid = f.conrelid"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]"
    " WHERE f.contype = 'f' AND f.confrelid = 'public.tenants'::regclass"
    " AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'tenant_moves'"
    " AND has_any_column_privilege(c.oid, 'SELECT') ORDER BY 1";

/* Counts the rows that go with a tenant, as a list of tables; *summary puts it into words. */
static output_t *count_rows(const session_t *session, const char *id, const char **summary)
{
    static const output_column_t columns[] = {{.key = "table"}, {.key = "rows", .type = OUTPUT_LITERAL}, {0}};
    output_t *list = output_make(columns, session->pool);
    rowset_t *tables = tenant_run(session, tables_sql, NULL, 0);

    *summary = "";
    for (int n = 0; tables && n < rowset_count(tables); n++) {
        const char *table = rowset_text(tables, n, 0), *count;
        const char *sql = apr_psprintf(session->pool, "SELECT count(*)::text FROM public.%s WHERE %s = $1",
                                       table, rowset_text(tables, n, 1));
        rowset_t *rows = tenant_run(session, sql, &id, 1);

        if (!rows)
            return NULL;
        count = rowset_text(rows, 0, 0);
        output_row(list, (const char *[]){table, count});
        *summary = apr_pstrcat(session->pool, *summary, **summary ? ", " : "", count, " ", table, NULL);
    }
    return tables ? list : NULL;
}

/* Makes sure that it is meant. */
static int confirm(const session_t *session, const call_t *call, const char *id, const char *summary)
{
    int answer =
        call_has(call, OPTION_YES)
            ? 1
            : input_confirm(
                  apr_psprintf(session->pool, "Remove tenant %s and its rows (%s) for good?", id, summary));

    if (answer < 0)
        return complain(EXIT_USAGE, "there is nobody to ask: say --yes");
    return answer ? EXIT_DONE : complain(EXIT_FAILED, "tenant %s stays", id);
}

/* A large tenant takes longer than a statement usually may. */
static int begin_unlimited(const session_t *session)
{
    return tenant_run(session, "BEGIN", NULL, 0) &&
           tenant_run(session, "SET LOCAL statement_timeout = 0", NULL, 0);
}

/* Removes the row, as the API does: only of an inactive tenant. */
static int remove_row(const session_t *session, const char *id)
{
    rowset_t *rows = NULL;

    if (begin_unlimited(session))
        rows =
            tenant_run(session, "DELETE FROM public.tenants WHERE id = $1 AND status = 'inactive'", &id, 1);
    if (!rows || !tenant_run(session, "COMMIT", NULL, 0))
        return tenant_failed(session);
    return rowset_changed(rows) == 1 ? EXIT_DONE : complain(EXIT_FAILED, "tenant %s is active or gone", id);
}

static int check_inactive(const session_t *session, const char *id)
{
    rowset_t *rows =
        tenant_run(session, "SELECT status = 'inactive' FROM public.tenants WHERE id = $1", &id, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) == 1 && strcmp(rowset_text(rows, 0, 0), "t") == 0)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "tenant %s is active: suspend it first", id);
}

int tenant_remove(const call_t *call)
{
    static const output_column_t columns[] = {{.key = "id", .type = OUTPUT_LITERAL}, {0}};
    output_t *record = output_make(columns, call->pool), *list = NULL;
    const char *id, *summary;
    session_t session;
    int status;

    if ((status = session_open(&session, call, SESSION_DATABASE)) != EXIT_DONE ||
        (status = tenant_find(&id, &session, call->operands[0])) != EXIT_DONE ||
        (status = check_inactive(&session, id)) != EXIT_DONE)
        return status;
    if (begin_unlimited(&session))
        list = count_rows(&session, id, &summary);
    if (!list || !tenant_run(&session, "COMMIT", NULL, 0))
        return tenant_failed(&session);
    status = confirm(&session, call, id, summary);
    if (status == EXIT_DONE)
        status = remove_row(&session, id);
    if (status != EXIT_DONE)
        return status;
    output_row(record, &id);
    output_print(record, "removed", list, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}
