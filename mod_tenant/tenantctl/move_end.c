/* SPDX-License-Identifier: Apache-2.0 */
/* How a move ends: it is finished, or taken back. */
#include <apr_strings.h>

#include "move.h"
#include "move_sql.h"
#include "output.h"
#include "portable.h"

/* --- What has copied ------------------------------------------------------------------------------------ */

/* A subscription whose slot is gone, with a former primary or an earlier attempt, cannot take it along. */
static int forget_slot(const move_t *move)
{
    rowset_t *slot = move_run(&move->source, MOVE_SLOT, &move->object, 1);
    rowset_t *rows = slot ? move_run(&move->target, MOVE_COPIED, &move->object, 1) : NULL;
    const char *const statements[] = {
        apr_psprintf(move->pool, "ALTER SUBSCRIPTION %s DISABLE", move->object),
        apr_psprintf(move->pool, "ALTER SUBSCRIPTION %s SET (slot_name = NONE)", move->object),
        NULL,
    };

    if (!rows)
        return EXIT_FAILED;
    return rowset_count(slot) == 0 && rowset_count(rows) > 0 ? move_run_all(&move->target, statements)
                                                             : EXIT_DONE;
}

/* The subscription takes the slot at the source with it. */
static int unsubscribe(const move_t *move)
{
    if (forget_slot(move) != EXIT_DONE)
        return EXIT_FAILED;
    return move_run(&move->target, apr_psprintf(move->pool, "DROP SUBSCRIPTION IF EXISTS %s", move->object),
                    NULL, 0)
               ? EXIT_DONE
               : EXIT_FAILED;
}

static int unpublish(const move_t *move)
{
    return move_run(&move->source, apr_psprintf(move->pool, "DROP PUBLICATION IF EXISTS %s", move->object),
                    NULL, 0)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* A slot that nobody reads keeps the source's log for ever. */
static int drop_slot(const move_t *move)
{
    rowset_t *rows =
        move_run(&move->source,
                 "SELECT pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
                 " WHERE slot_name = $1",
                 &move->object, 1);

    return rows
               ? EXIT_DONE
               : complain(
                     EXIT_FAILED,
                     "the slot stays: as a superuser say SELECT pg_drop_replication_slot('%s') at the source",
                     move->object);
}

/* Whose those are that copied a table the target's catalog says, which nobody has asked. */
static int tell_table_slots(const move_t *move)
{
    rowset_t *rows = move_run(&move->source, MOVE_TABLE_SLOTS, NULL, 0);
    const char *names = rows ? rowset_text(rows, 0, 0) : NULL;

    if (names)
        move_say(
            move,
            "nobody reads the slots %s: if they are the lost target's, and of no other subscription, drop "
            "each as a superuser by pg_drop_replication_slot() at the source",
            names);
    return rows ? EXIT_DONE : EXIT_FAILED;
}

/* --- Usage ---------------------------------------------------------------------------------------------- */

/* How many portions of usage the target has added. */
static const char *portions_there(const move_t *move)
{
    rowset_t *rows =
        move_run(&move->target, "SELECT portions::text FROM public.tenant_moves WHERE tenant = $1::int",
                 &move->tenant, 1);

    return rows && rowset_count(rows) == 1 ? rowset_text(rows, 0, 0) : NULL;
}

/* Adds the source's last portion at the target, if it has not: the number of portions changes with the
 * rows. */
static int add_portion(const move_t *move)
{
    rowset_t *rows =
        move_run(&move->source,
                 "SELECT portions::text, portion::text FROM public.tenant_moves WHERE tenant = $1::int",
                 &move->tenant, 1);
    const char *values[2] = {move->tenant};
    const char *counted[] = {move->tenant, rows ? rowset_text(rows, 0, 0) : NULL};
    rowset_t *noted = NULL;

    if (!rows || !rowset_text(rows, 0, 1))
        return rows ? EXIT_DONE : EXIT_FAILED;
    values[1] = rowset_text(rows, 0, 1);
    if (move_run(&move->target, "BEGIN", NULL, 0))
        noted = move_run(&move->target,
                         "UPDATE public.tenant_moves SET portions = $2::int WHERE tenant = $1::int"
                         " AND portions = $2::int - 1",
                         counted, 2);
    if (!noted)
        return EXIT_FAILED;
    if (rowset_changed(noted) == 1 && !move_run(&move->target, MOVE_ADD_USAGE, values, 2))
        return EXIT_FAILED;
    return move_run(&move->target, "COMMIT", NULL, 0) ? EXIT_DONE : EXIT_FAILED;
}

/* A portion that an earlier run has taken out comes first. */
static int carry_usage(const move_t *move)
{
    const char *values[2] = {move->tenant};
    int status = add_portion(move);

    if (status != EXIT_DONE)
        return status;
    values[1] = portions_there(move);
    if (!values[1] || !move_run(&move->source, MOVE_TAKE_USAGE, values, 2))
        return EXIT_FAILED;
    return add_portion(move);
}

int move_finish(move_t *move)
{
    int status;

    if ((status = unsubscribe(move)) != EXIT_DONE || (status = drop_slot(move)) != EXIT_DONE ||
        (status = unpublish(move)) != EXIT_DONE || (status = carry_usage(move)) != EXIT_DONE)
        return status;
    return move_run(&move->source,
                    "UPDATE public.tenant_moves SET state = 'done', ended_at = now()"
                    " WHERE tenant = $1::int AND side = 'source' AND state <> 'done'",
                    &move->tenant, 1)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* --- Taking it back ------------------------------------------------------------------------------------- */

/* Deletes what was copied, as no trigger sees it: 5,000 rows at a time. */
static int empty_table(const move_t *move, const move_table_t *table)
{
    const char *sql =
        apr_psprintf(move->pool,
                     "DELETE FROM public.\"%s\" WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.\"%s\""
                     " WHERE \"%s\" = $1::int AND %s LIMIT 5000)) AND \"%s\" = $1::int",
                     table->name, table->name, table->key, table->goes, table->key);
    rowset_t *rows;

    do {
        rows = move_run(&move->target, sql, &move->tenant, 1);
    } while (rows && rowset_changed(rows) > 0);
    return rows ? EXIT_DONE : EXIT_FAILED;
}

static int empty_target(const move_t *move)
{
    static const char *const off[] = {"SET session_replication_role = replica", NULL};
    int status = move_run_all(&move->target, off);

    for (int n = 0; status == EXIT_DONE && n < move->tables->nelts; n++)
        status = empty_table(move, &APR_ARRAY_IDX(move->tables, n, move_table_t));
    if (status != EXIT_DONE)
        return status;
    return move_run(&move->target, "DELETE FROM public.usage WHERE tenant_id = $1::int", &move->tenant, 1) &&
                   move_run(&move->target, "DELETE FROM public.tenant_moves WHERE tenant = $1::int",
                            &move->tenant, 1) &&
                   move_run(&move->target, "DELETE FROM public.tenants WHERE id = $1::int", &move->tenant, 1)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* The source serves it again, if it was closed; then nothing is left of the move but a line of the audit.
 * */
static int reopen(const move_t *move)
{
    const char *told[] = {move->tenant, "move_back", move->here.move};

    return move_run(&move->source, "BEGIN", NULL, 0) &&
                   move_run(&move->source, "SELECT set_config('mod_tenant.mover', $1, true)", &move->tenant,
                            1) &&
                   move_run(&move->source, MOVE_REOPEN, &move->tenant, 1) &&
                   move_run(&move->source, "DELETE FROM public.tenant_moves WHERE tenant = $1::int",
                            &move->tenant, 1) &&
                   move_run(&move->source, MOVE_TELL, told, 3) && move_run(&move->source, "COMMIT", NULL, 0)
               ? EXIT_DONE
               : EXIT_FAILED;
}

/* What has come to the target goes. Where the tenant was removed there, more has come since. */
static int leave_target(const move_t *move)
{
    rowset_t *rows = move_run(&move->target, MOVE_COPIED, &move->object, 1);

    if (!rows)
        return EXIT_FAILED;
    if (!move->there.name && rowset_count(rows) == 0)
        return EXIT_DONE;
    return unsubscribe(move) == EXIT_DONE ? empty_target(move) : EXIT_FAILED;
}

int move_abort(move_t *move)
{
    int status = move->target.database ? leave_target(move) : EXIT_DONE;

    if (status != EXIT_DONE || (status = drop_slot(move)) != EXIT_DONE ||
        (status = unpublish(move)) != EXIT_DONE ||
        (status = move_drop_guards(&move->source, move->tenant)) != EXIT_DONE)
        return status;
    if ((status = reopen(move)) != EXIT_DONE)
        return status;
    return move->target.database ? EXIT_DONE : tell_table_slots(move);
}
