/* SPDX-License-Identifier: Apache-2.0 */
/* Standbys of the target, which may answer reads there (TenantDatabase read=): the tenant's clients are to
 * see what they have written at the source. */
#include "../monotonic.h"
#include "move.h"
#include "move_sql.h"
#include "output.h"

/* How long a standby may take, ahead of the pause, to have what the target has. One that takes longer is
 * behind by as much as servers bear by default, or on purpose. */
#define PATIENCE apr_time_from_sec(10)

/* Waits until no standby is behind what the target has now, but for the slow ones, or until then. *behind:
 * those that are, as an array of processes; NULL: none. *names: what they are called. */
static int wait_for_all(const move_t *move, apr_time_t until, const char **behind, const char **names)
{
    rowset_t *rows = move_run(&move->target, MOVE_TARGET_MARK, NULL, 0);
    const char *values[] = {rows ? rowset_text(rows, 0, 0) : NULL, move->slow};

    for (;;) {
        rows = rows ? move_run(&move->target, MOVE_STANDBYS, values, 2) : NULL;
        if (!rows)
            return EXIT_FAILED;
        *behind = rowset_text(rows, 0, 0);
        *names = rowset_text(rows, 0, 1);
        if (!*behind || monotonic_now() > until)
            return EXIT_DONE;
        apr_sleep(apr_time_from_msec(5));
    }
}

int move_know_standbys(move_t *move)
{
    const char *behind, *names;
    int status = wait_for_all(move, monotonic_now() + PATIENCE, &behind, &names);

    if (status != EXIT_DONE || !behind)
        return status;
    move->slow = behind;
    move_say(move, "is not waited for by standbys of the target that are behind: %s", names);
    return EXIT_DONE;
}

int move_wait_standbys(const move_t *move, apr_time_t until)
{
    const char *behind, *names;
    int status = wait_for_all(move, until, &behind, &names);

    if (status != EXIT_DONE || !behind)
        return status;
    return complain(EXIT_FAILED, "standbys of the target do not catch up in time: %s", names);
}
