/* SPDX-License-Identifier: Apache-2.0 */
/* The handover: the tenant's writes stop at the source, and go on at the target. Until the source is closed
 * an end of this program, of its connection or of the source itself lets them go on at the source. */
#include <apr_strings.h>
#include <string.h>

#include "../monotonic.h"
#include "cell.h"
#include "hook.h"
#include "move.h"
#include "move_sql.h"
#include "output.h"

/* How long servers may take to hear that the tenant is closed: no answer of the source is older than the
 * target's first write. */
#define HEARD apr_time_from_msec(300)

/* How much of the pause comparing may take at most, as measured ahead of it. */
enum { COMPARING_SHARE = 2 };

/* How long, in ms, this program may be stopped beyond the pause: then the server ends its session, and the
 * tenant's writes go on. */
enum { LIMP = 1000 };

/* The advisory lock that tenant_move_guard() asks for. */
#define LOCK "('public.tenant_moves'::regclass::integer, $1::int)"

static apr_time_t deadline(const move_t *move)
{
    return move->frozen + move->pause;
}

/* --- Comparing ------------------------------------------------------------------------------------------ */

/* The sum of a table's rows, as one text, and their number. */
static const char *sum_up(const session_t *session, const move_t *move, const move_table_t *table,
                          const char *at, const char **count)
{
    const char *values[] = {move->tenant, at};
    const char *sql =
        apr_psprintf(move->pool,
                     "SELECT count(*)::text, %s FROM public.\"%s\" WHERE \"%s\" = $1::int AND %s AND %s",
                     table->sum, table->name, table->key, table->counted, table->goes);
    rowset_t *rows = move_run(session, sql, values, 2);

    if (!rows)
        return NULL;
    *count = rowset_text(rows, 0, 0);
    return apr_pstrcat(move->pool, *count, " ", rowset_text(rows, 0, 1), NULL);
}

/* Compares all tables; differences count only where is_strict. */
static int compare(const move_t *move, int is_strict)
{
    rowset_t *now = move_run(&move->source, "SELECT now()::text", NULL, 0);

    if (!now)
        return EXIT_FAILED;
    for (int n = 0; n < move->tables->nelts; n++) {
        move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);
        const char *at = rowset_text(now, 0, 0), *count;
        const char *there = sum_up(&move->target, move, table, at, &count);
        const char *here = there ? sum_up(&move->source, move, table, at, &table->rows) : NULL;

        if (!here)
            return EXIT_FAILED;
        if (is_strict && strcmp(here, there) != 0)
            return complain(EXIT_FAILED, "%s: the source has %s rows, and the target %s, or others",
                            table->name, table->rows, count);
        if (is_strict && monotonic_now() > deadline(move))
            return complain(EXIT_FAILED, "comparing takes longer than the pause");
    }
    return EXIT_DONE;
}

/* Compares once ahead of the pause: what has to be read is in memory then, and how long it takes is known.
 * */
static int rehearse(const move_t *move)
{
    apr_time_t began;
    apr_interval_time_t taken;

    if (compare(move, 0) != EXIT_DONE)
        return EXIT_FAILED;
    began = monotonic_now();
    if (compare(move, 0) != EXIT_DONE)
        return EXIT_FAILED;
    taken = monotonic_now() - began;
    if (taken * COMPARING_SHARE <= move->pause)
        return EXIT_DONE;
    return complain(
        EXIT_FAILED,
        "to compare all rows takes %.1f s, more than half of the pause of %.1f s: say a longer --pause",
        (double)taken / 1e6, (double)move->pause / 1e6);
}

/* --- The tenant's own row ------------------------------------------------------------------------------- */

/* Begins a transaction at the target in which it has the tenant's row. The row keeps its version, for
 * triggers are off; those that tell servers of it are not. limit: a statement that says how long others may
 * hold it up, or NULL. */
static int begin_with_row(const move_t *move, const char *row, const char *limit)
{
    const char *values[] = {move->tenant, row};
    rowset_t *columns = row ? move_run(&move->target, MOVE_OWN_COLUMNS, NULL, 0) : NULL;
    const char *sql;

    if (!columns)
        return EXIT_FAILED;
    sql = apr_psprintf(move->pool,
                       "UPDATE public.tenants t SET (%s) = (SELECT %s FROM"
                       " jsonb_populate_record(NULL::public.tenants, $2::jsonb)) WHERE id = $1::int",
                       rowset_text(columns, 0, 0), rowset_text(columns, 0, 0));
    return move_run(&move->target, "BEGIN", NULL, 0) && (!limit || move_run(&move->target, limit, NULL, 0)) &&
                   move_run(&move->target, "SET LOCAL session_replication_role = replica", NULL, 0) &&
                   move_run(&move->target, sql, values, 2)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* What the tenant has got while it was copied may be what the target cannot have, such as another one's host,
 * or a key under a pepper that it lacks. Once the source is closed that would be too late. */
static int rehearse_row(const move_t *move)
{
    rowset_t *rows =
        move_run(&move->source, "SELECT to_jsonb(t)::text FROM public.tenants t WHERE id = $1::int",
                 &move->tenant, 1);
    int status;

    if (!rows || rowset_count(rows) != 1)
        return EXIT_FAILED;
    status = begin_with_row(move, rowset_text(rows, 0, 0), "SET LOCAL lock_timeout = '300ms'");
    if (!move_run(&move->target, "ROLLBACK", NULL, 0))
        status = EXIT_FAILED;
    return status == EXIT_DONE ? move_check_keys(move) : status;
}

/* --- Freezing ------------------------------------------------------------------------------------------- */

/* From now on the tenant's writes are refused at the source. Waits for those that have begun. */
static int freeze(move_t *move)
{
    /* the server is to notice soon where this program's machine is gone */
    static const char *const settings[] = {
        "SET lock_timeout = '2s'",
        "SET tcp_keepalives_idle = 2",
        "SET tcp_keepalives_interval = 1",
        "SET tcp_keepalives_count = 2",
        NULL,
    };
    const char *idle =
        apr_psprintf(move->pool, "SET idle_session_timeout = %d", (int)apr_time_as_msec(move->pause) + LIMP);

    if (move_run_all(&move->source, settings) != EXIT_DONE || !move_run(&move->source, idle, NULL, 0))
        return EXIT_FAILED;
    move->frozen = monotonic_now();
    return move_run(&move->source, "SELECT pg_advisory_lock" LOCK, &move->tenant, 1) ? EXIT_DONE
                                                                                     : EXIT_FAILED;
}

/* Lets the tenant's writes go on. */
static void thaw(move_t *move)
{
    rowset_t *rows = move_run(&move->source, "SELECT pg_advisory_unlock" LOCK, &move->tenant, 1);

    if (rows && move_run(&move->source, "RESET idle_session_timeout", NULL, 0))
        move_say(move, "is served by the source as before; it was %.1f s without writes",
                 (double)(monotonic_now() - move->frozen) / 1e6);
}

/* The sysadmin's command, which leads requests to the target. */
static int lead(const move_t *move)
{
    const char *command = move->call->options.values[OPTION_SWITCH];
    apr_interval_time_t left = deadline(move) - monotonic_now();

    if (!command)
        return EXIT_DONE;
    if (left <= 0)
        return complain(EXIT_FAILED, "the pause is over ahead of --switch: say a longer --pause");
    move_say(move, "--switch: %s", command);
    return hook_run(command, move->tenant, move->here.domain, left);
}

/* --- The point of no return ----------------------------------------------------------------------------- */

/* What would hold it up is not waited for long: the tenant is frozen. */
static int close_source(const move_t *move)
{
    const char *told[] = {move->tenant, "move_away", move->here.move};
    rowset_t *rows = NULL;

    if (move_run(&move->source, "BEGIN", NULL, 0) &&
        move_run(&move->source, "SELECT set_config('mod_tenant.mover', $1, true)", &move->tenant, 1))
        rows = move_run(&move->source, MOVE_CLOSE, &move->tenant, 1);
    if (!rows)
        return EXIT_FAILED;
    if (rowset_changed(rows) != 1)
        return complain(EXIT_FAILED,
                        "the source's connection was not the same all the time: connect past PgBouncer");
    return move_run(&move->source, "UPDATE public.tenants SET status = 'inactive' WHERE id = $1::int",
                    &move->tenant, 1) &&
                   move_run(&move->source, MOVE_TELL, told, 3) &&
                   move_run(&move->source, "COMMIT", NULL, 0) &&
                   move_run(&move->source, "RESET idle_session_timeout", NULL, 0)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* The tenant's row as it was when the source was closed. */
static const char *own_row(const move_t *move)
{
    rowset_t *rows =
        move_run(&move->source, "SELECT tenant_row::text FROM public.tenant_moves WHERE tenant = $1::int",
                 &move->tenant, 1);

    return rows && rowset_count(rows) == 1 ? rowset_text(rows, 0, 0) : NULL;
}

/* One transaction at the target: the tenant's row, and that it is served here. */
static int activate(const move_t *move)
{
    const char *told[] = {move->tenant, "move_here", move->here.move};
    rowset_t *rows = NULL;

    if (begin_with_row(move, own_row(move), NULL) == EXIT_DONE)
        rows = move_run(&move->target, MOVE_TAKE_OVER, (const char *[]){move->tenant, move->here.move}, 2);
    if (!rows)
        return EXIT_FAILED;
    if (rowset_changed(rows) != 1)
        return complain(EXIT_FAILED, "the target knows nothing of this move");
    return move_run(&move->target, MOVE_TELL, told, 3) && move_run(&move->target, "COMMIT", NULL, 0)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* New ids of the target are above those that came. */
static int advance(const move_t *move)
{
    int status = EXIT_DONE;

    for (int n = 0; status == EXIT_DONE && n < move->tables->nelts; n++) {
        const move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);

        if (table->sequence)
            status = cell_advance(&move->target, table->sequence, table->name, move->tenant);
    }
    return status;
}

int move_take_over(move_t *move)
{
    int status;

    if ((status = move_wait_level(move, monotonic_now() + apr_time_from_sec(60))) != EXIT_DONE ||
        (status = advance(move)) != EXIT_DONE || (status = activate(move)) != EXIT_DONE)
        return complain(
            status,
            "tenant %s is closed at the source and not served by the target yet: run this again, or take "
            "the move back with --abort",
            move->tenant);
    if (move->frozen)
        move->without_writes = monotonic_now() - move->frozen;
    return status;
}

int move_hand_over(move_t *move)
{
    int status;

    if ((status = rehearse(move)) != EXIT_DONE || (status = advance(move)) != EXIT_DONE ||
        (status = move_know_standbys(move)) != EXIT_DONE)
        return status;
    move_say(move, "its writes stop");
    if ((status = freeze(move)) != EXIT_DONE ||
        (status = move_look(move)) != EXIT_DONE || /* its host may be another one since */
        (status = move_wait_level(move, deadline(move))) != EXIT_DONE ||
        (status = compare(move, 1)) != EXIT_DONE || (status = rehearse_row(move)) != EXIT_DONE ||
        (status = move_wait_standbys(move, deadline(move))) != EXIT_DONE ||
        (status = lead(move)) != EXIT_DONE) {
        thaw(move);
        return status;
    }
    if ((status = close_source(move)) != EXIT_DONE)
        return complain(status, "look by running this again whether the source is closed");
    apr_sleep(HEARD);
    return move_take_over(move);
}
