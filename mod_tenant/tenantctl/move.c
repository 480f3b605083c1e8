/* SPDX-License-Identifier: Apache-2.0 */
/* What all parts of a move share. */
#include "move.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "move_sql.h" /* MOVE_…, made from move.sql by the build */
#include "output.h"
#include "tenant.h"

void move_say(const move_t *move, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "tenant %s: %s\n", move->tenant, apr_pvsprintf(move->pool, format, arguments));
    va_end(arguments);
}

rowset_t *move_run(const session_t *session, const char *sql, const char *const *values, int count)
{
    rowset_t *rows = tenant_run(session, sql, values, count);

    if (!rows)
        complain(EXIT_FAILED, "%s: %s", session->name, console_failure(session->database));
    return rows;
}

int move_run_all(const session_t *session, const char *const *statements)
{
    for (; *statements; statements++) {
        if (!move_run(session, *statements, NULL, 0))
            return EXIT_FAILED;
    }
    return EXIT_DONE;
}

static int look_at(move_side_t *side, const session_t *session, const char *tenant)
{
    rowset_t *rows = move_run(session, MOVE_HERE, &tenant, 1);

    if (!rows)
        return EXIT_FAILED;
    memset(side, 0, sizeof *side);
    if (rowset_count(rows) == 1)
        *side = (move_side_t){
            .name = rowset_text(rows, 0, 0),
            .status = rowset_text(rows, 0, 1),
            .domain = rowset_text(rows, 0, 2),
            .side = rowset_text(rows, 0, 3),
            .move = rowset_text(rows, 0, 4),
            .state = rowset_text(rows, 0, 5),
            .answer = rowset_text(rows, 0, 6),
        };
    return EXIT_DONE;
}

int move_look(move_t *move)
{
    int status = look_at(&move->here, &move->source, move->tenant);

    if (status == EXIT_DONE && move->here.move)
        move->object = apr_psprintf(move->pool, "tenant_move_%s_%.8s", move->tenant, move->here.move);
    return status == EXIT_DONE && move->target.database ? look_at(&move->there, &move->target, move->tenant)
                                                        : status;
}

int move_tables(move_t *move)
{
    rowset_t *rows = move_run(&move->source, MOVE_COLUMNS MOVE_TABLES, NULL, 0);

    if (!rows)
        return EXIT_FAILED;
    move->tables = apr_array_make(move->pool, rowset_count(rows), sizeof(move_table_t));
    for (int n = 0; n < rowset_count(rows); n++)
        APR_ARRAY_PUSH(move->tables, move_table_t) = (move_table_t){
            .name = rowset_text(rows, n, 0),
            .key = rowset_text(rows, n, 1),
            .columns = rowset_text(rows, n, 2),
            .sum = rowset_text(rows, n, 3),
            .counted = rowset_text(rows, n, 4),
            .has_identity = rowset_text(rows, n, 5),
            .sequence = rowset_text(rows, n, 6),
            .guards = rowset_text(rows, n, 7),
            .goes = rowset_text(rows, n, 8),
        };
    return EXIT_DONE;
}

int move_findings(output_t *findings, console_t *database, apr_pool_t *pool)
{
    rowset_t *rows = console_run(database, pool, MOVE_FINDINGS, NULL, 0);

    for (int n = 0; rows && n < rowset_count(rows); n++)
        finding_add(findings, "moves", rowset_text(rows, n, 0), rowset_text(rows, n, 1));
    return rows != NULL;
}

/* Drops a trigger; while others hold the table all the time it waits for 300 ms at a time, so that nobody
 * waits long behind it. */
static int drop_trigger(const session_t *session, const char *name, const char *table)
{
    const char *sql =
        apr_psprintf(session->pool, "DROP TRIGGER IF EXISTS \"%s\" ON public.\"%s\"", name, table);

    for (int attempt = 0; attempt < 100; attempt++) {
        if (tenant_run(session, sql, NULL, 0))
            return EXIT_DONE;
        apr_sleep(apr_time_from_msec(300));
    }
    return complain(EXIT_FAILED, "%s.%s: %s", table, name, console_failure(session->database));
}

int move_drop_guards(const session_t *session, const char *tenant)
{
    rowset_t *rows = tenant_run(session, MOVE_GUARDS, &tenant, 1);
    int status = EXIT_DONE;

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) > 0 && !tenant_run(session, "SET lock_timeout = '300ms'", NULL, 0))
        return tenant_failed(session);
    for (int n = 0; status == EXIT_DONE && n < rowset_count(rows); n++)
        status = drop_trigger(session, rowset_text(rows, n, 0), rowset_text(rows, n, 1));
    if (status == EXIT_DONE && rowset_count(rows) > 0 && !tenant_run(session, "RESET lock_timeout", NULL, 0))
        return tenant_failed(session);
    return status;
}
