/* SPDX-License-Identifier: Apache-2.0 */
/* What copies a tenant while it is served: a publication of its rows at the source, a subscription at the
 * target. Each step looks first, so that a move that was interrupted goes on. */
#include <apr_strings.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"
#include "move.h"
#include "move_sql.h"
#include "output.h"
#include "progress.h"

/* How often it is looked how far the target is. */
#define TICK apr_time_from_msec(50)

/* How often the target may fail in a run before that counts: what passes by itself, such as a restart, is
 * tried again. */
enum { FAILURES_MAX = 5 };

/* So long nobody may read the source's slot. PostgreSQL starts a worker that has failed again after 5 s
 * (wal_retrieve_retry_interval): that there is one does not say that it comes as far as the source. */
#define UNREAD_MAX apr_time_from_sec(30)

/* --- The source ----------------------------------------------------------------------------------------- */

/* Runs a statement that locks a table for a moment, for 300 ms at a time, so that nobody waits long behind
 * it. */
static int run_locking(const session_t *session, const char *sql)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        if (console_run(session->database, session->pool, sql, NULL, 0))
            return EXIT_DONE;
        apr_sleep(apr_time_from_msec(300));
    }
    return complain(EXIT_FAILED, "%s: %s", session->name, console_failure(session->database));
}

/* The trigger on a table that refuses the tenant's writes while it is frozen. */
static int guard(const move_t *move, const char *table, const char *key, const char *writes, const char *row,
                 const char *suffix)
{
    return run_locking(
        &move->source,
        apr_psprintf(move->pool,
                     "CREATE OR REPLACE TRIGGER tenant_move_%s_%s BEFORE %s ON public.\"%s\" FOR EACH ROW"
                     " WHEN (%s.\"%s\" = %s) EXECUTE FUNCTION public.tenant_move_guard('%s')",
                     suffix, move->tenant, writes, table, row, key, move->tenant, move->tenant));
}

static int guard_all(const move_t *move)
{
    int status = guard(move, "tenants", "id", "UPDATE OR DELETE", "OLD", "change");

    for (int n = 0; status == EXIT_DONE && n < move->tables->nelts; n++) {
        const move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);

        if (strstr(table->guards, "insert"))
            status = guard(move, table->name, table->key, "INSERT", "NEW", "insert");
        if (status == EXIT_DONE && strstr(table->guards, "change"))
            status = guard(move, table->name, table->key, "UPDATE OR DELETE", "OLD", "change");
    }
    return status;
}

/* Of each table the tenant's rows. A TRUNCATE is not told: it would empty the target's table, of all
 * tenants. */
static int publish(const move_t *move)
{
    const char *sql = apr_psprintf(move->pool, "CREATE PUBLICATION %s FOR TABLE ", move->object);
    rowset_t *rows =
        move_run(&move->source, "SELECT FROM pg_catalog.pg_publication WHERE pubname = $1", &move->object, 1);

    if (!rows || rowset_count(rows) > 0)
        return rows ? EXIT_DONE : EXIT_FAILED;
    for (int n = 0; n < move->tables->nelts; n++) {
        const move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);

        sql = apr_psprintf(move->pool, "%s%spublic.\"%s\" WHERE (\"%s\" = %s AND %s)", sql, n ? ", " : "",
                           table->name, table->key, move->tenant, table->goes);
    }
    return run_locking(&move->source, apr_pstrcat(move->pool, sql,
                                                  " WITH (publish = 'insert, update, delete',"
                                                  " publish_via_partition_root = true)",
                                                  NULL));
}

/* Notes the move. */
static int begin(move_t *move)
{
    static const char *const limits[] = {"SET lock_timeout = '300ms'", NULL};
    int status = move_run_all(&move->source, limits);

    if (status != EXIT_DONE)
        return status;
    if (!move->here.state || strcmp(move->here.side, "source") != 0) {
        if (!move_run(&move->source, MOVE_BEGIN, &move->tenant, 1))
            return EXIT_FAILED;
        status = move_look(move);
    }
    return status;
}

/* --- The target ----------------------------------------------------------------------------------------- */

/* The tenant's row, which refuses requests until it is all there. */
static int receive(const move_t *move)
{
    const char *note[] = {move->tenant, move->here.move};
    rowset_t *rows;

    if (move->there.name)
        return EXIT_DONE;
    rows = move_run(&move->source, "SELECT to_jsonb(t)::text FROM public.tenants t WHERE id = $1::int",
                    &move->tenant, 1);
    if (rows && rowset_count(rows) == 1) {
        const char *row = rowset_text(rows, 0, 0);

        if (move_run(&move->target, "BEGIN", NULL, 0) &&
            move_run(&move->target, "SET LOCAL session_replication_role = replica", NULL, 0) &&
            move_run(&move->target, MOVE_RECEIVE_ROW, &row, 1) &&
            move_run(&move->target, MOVE_RECEIVE_NOTE, note, 2) && move_run(&move->target, "COMMIT", NULL, 0))
            return EXIT_DONE;
    }
    return EXIT_FAILED;
}

/* Begins to copy. The server of the target connects to the source, makes a slot there and asks for the
 * rows. */
static int subscribe(const move_t *move)
{
    rowset_t *rows = move_run(&move->target, MOVE_COPIED, &move->object, 1);
    rowset_t *slot = rows ? move_run(&move->source, MOVE_SLOT, &move->object, 1) : NULL;
    const char *values[] = {move->object, move->through, slot && rowset_count(slot) == 0 ? "true" : "false"};

    if (!slot || rowset_count(rows) > 0)
        return slot ? EXIT_DONE : EXIT_FAILED;
    move_say(move, "is copied, while it is served");
    rows = move_run(&move->target, MOVE_SUBSCRIPTION, values, 3);
    return rows && move_run(&move->target, rowset_text(rows, 0, 0), NULL, 0) ? EXIT_DONE : EXIT_FAILED;
}

/* How many rows there are to copy, for who waits. */
static int64_t count_rows(const move_t *move)
{
    int64_t all = 0;

    for (int n = 0; n < move->tables->nelts; n++) {
        const move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);
        const char *sql =
            apr_psprintf(move->pool, "SELECT count(*)::text FROM public.\"%s\" WHERE \"%s\" = $1::int",
                         table->name, table->key);
        rowset_t *rows = move_run(&move->source, sql, &move->tenant, 1);

        all += rows ? atoll(rowset_text(rows, 0, 0)) : 0;
    }
    return all;
}

/* Whether the source still has what the target has not read. *read becomes now, by monotonic_now(), if
 * somebody reads it. */
static int check_slot(const move_t *move, apr_time_t *read, apr_pool_t *pool)
{
    rowset_t *rows = console_run(move->source.database, pool, MOVE_SLOT, &move->object, 1);

    if (!rows)
        return complain(EXIT_FAILED, "source: %s", console_failure(move->source.database));
    if (rowset_count(rows) == 1 && strcmp(rowset_text(rows, 0, 0), "t") == 0) {
        if (strcmp(rowset_text(rows, 0, 1), "t") == 0)
            *read = monotonic_now();
        return EXIT_DONE;
    }
    return complain(
        EXIT_FAILED,
        "the source's replication slot %s is gone, or has fallen behind max_slot_wal_keep_size: take the "
        "move back with --abort, and begin again",
        move->object);
}

/* What a run has seen of the copy. */
typedef struct sight_t {
    int64_t all;      /* rows to copy */
    apr_time_t read;  /* when the slot was last seen to be read */
    int64_t failures; /* of the target, before this run; -1: not asked yet */
} sight_t;

/* 1: all tables are level; 0: not yet; -1: it was said what is wrong. */
static int look_at_copy(const move_t *move, sight_t *sight, apr_pool_t *pool)
{
    rowset_t *rows = console_run(move->target.database, pool, MOVE_COPIED, &move->object, 1);
    int64_t failures;

    if (!rows || rowset_count(rows) != 1) {
        complain(EXIT_FAILED, "target: %s",
                 rows ? "its subscription is gone" : console_failure(move->target.database));
        return -1;
    }
    if (check_slot(move, &sight->read, pool) != EXIT_DONE)
        return -1;
    failures = atoll(rowset_text(rows, 0, 2));
    if (sight->failures < 0)
        sight->failures = failures;
    if (failures - sight->failures > FAILURES_MAX) {
        complain(EXIT_FAILED,
                 "the target fails each time: it cannot store what comes, or it cannot read the source. Its "
                 "log says why. Mend that, and run this again; or --abort takes the move back");
        return -1;
    }
    if (monotonic_now() - sight->read > UNREAD_MAX) {
        complain(
            EXIT_FAILED,
            "the target has had no worker for the subscription %s for half a minute: none reads the source. "
            "It may be disabled, max_logical_replication_workers or max_worker_processes too small, or "
            "the source out of reach (the target's log says more); mend that, and run this again",
            move->object);
        return -1;
    }
    progress_show("copied", atoll(rowset_text(rows, 0, 1)), sight->all);
    return strcmp(rowset_text(rows, 0, 0), "0") == 0;
}

static int wait_copied(const move_t *move)
{
    sight_t sight = {.all = count_rows(move), .read = monotonic_now(), .failures = -1};
    apr_pool_t *pool;
    int state;

    apr_pool_create(&pool, move->pool);
    while ((state = look_at_copy(move, &sight, pool)) == 0) {
        apr_pool_clear(pool);
        apr_sleep(TICK);
    }
    progress_end();
    apr_pool_destroy(pool);
    return state > 0 ? EXIT_DONE : EXIT_FAILED;
}

int move_wait_level(const move_t *move, apr_time_t until)
{
    rowset_t *rows = move_run(&move->source, MOVE_MARK, NULL, 0);
    const char *values[] = {move->object, rows ? rowset_text(rows, 0, 0) : NULL};
    int status = rows ? EXIT_DONE : EXIT_FAILED, is_level = 0;
    apr_pool_t *pool;

    apr_pool_create(&pool, move->pool);
    while (status == EXIT_DONE && !is_level) {
        rows = console_run(move->source.database, pool, MOVE_CONFIRMED, values, 2);
        if (!rows || rowset_count(rows) != 1)
            status = complain(EXIT_FAILED, "source: %s",
                              rows ? "its replication slot is gone" : console_failure(move->source.database));
        else
            is_level = strcmp(rowset_text(rows, 0, 0), "t") == 0;
        apr_pool_clear(pool);
        if (status == EXIT_DONE && !is_level && monotonic_now() > until)
            status = complain(EXIT_FAILED, "the target does not catch up in time");
        if (!is_level)
            apr_sleep(apr_time_from_msec(5));
    }
    apr_pool_destroy(pool);
    return status;
}

int move_copy(move_t *move)
{
    int status;

    if ((status = begin(move)) != EXIT_DONE || (status = guard_all(move)) != EXIT_DONE ||
        (status = publish(move)) != EXIT_DONE || (status = receive(move)) != EXIT_DONE ||
        (status = subscribe(move)) != EXIT_DONE || (status = wait_copied(move)) != EXIT_DONE)
        return status;
    return move_wait_level(move, monotonic_now() + apr_time_from_sec(3600));
}
