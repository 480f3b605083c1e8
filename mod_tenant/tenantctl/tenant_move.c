/* SPDX-License-Identifier: Apache-2.0 */
/* A tenant, moved to the database of another cell while it is served. What has been done is in both
 * databases: the command may be interrupted anywhere, and run again. */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"
#include "move.h"
#include "output.h"
#include "tenant.h"

/* How long the tenant is without writes at most, in seconds. */
enum { PAUSE_DEFAULT = 5, PAUSE_MAX = 600 };

/* How long a statement of an earlier run may go on. */
#define PATIENCE apr_time_from_sec(60)

/* A target may be serving it, or be copying it: whoever is asked must know of the move. */
#define NOT_THERE                                                                                            \
    "the target knows nothing of tenant %s's move: is it the one that the move was begun with? Where that "  \
    "one has lost the tenant for good, --abort --force takes the move back"

static int is_state(const move_side_t *side, const char *state)
{
    return side->state && strcmp(side->state, state) == 0;
}

static int is_side(const move_side_t *side, const char *word)
{
    return side->side && strcmp(side->side, word) == 0;
}

/* Whether both know the same move, each as what it is: --to may lead to the source itself. */
static int is_same(const move_t *move)
{
    return is_side(&move->here, "source") && is_side(&move->there, "target") &&
           strcmp(move->here.move, move->there.move) == 0;
}

/* Whether the target has taken it over. */
static int is_served_there(const move_t *move)
{
    return is_same(move) && is_state(&move->there, "done");
}

/* Whether there is a target that knows the move, and this is not it. A slot is made behind the note there. */
static int is_elsewhere(const move_t *move)
{
    rowset_t *rows;

    if (move->there.name || !is_side(&move->here, "source"))
        return 0;
    if (is_state(&move->here, "closed"))
        return 1;
    rows = move_run(&move->source, "SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1",
                    &move->object, 1);
    return !rows || rowset_count(rows) > 0;
}

/* What the target has of a tenant with this id is no part of this move. Only what a move has left may go. */
static int complain_of_other(const move_t *move)
{
    if (is_state(&move->there, is_side(&move->there, "target") ? "copying" : "done"))
        return complain(
            EXIT_FAILED,
            "the target has a tenant %s already, %s, which an earlier move has left: erase it there",
            move->tenant, move->there.name);
    return complain(EXIT_FAILED,
                    "the target has a tenant %s of its own, %s: a tenant with the same id cannot come there",
                    move->tenant, move->there.name);
}

/* --- What is asked for ---------------------------------------------------------------------------------- */

/* Reads --pause. */
static int read_pause(move_t *move)
{
    const char *text = move->call->options.values[OPTION_PAUSE];
    char *end = NULL;
    double seconds = text ? strtod(text, &end) : PAUSE_DEFAULT;

    if (!(seconds >= 1 && seconds <= PAUSE_MAX) || (end && *end))
        return complain(EXIT_USAGE, "--pause is a number of seconds, from 1 to 600");
    move->pause = (apr_interval_time_t)(seconds * APR_USEC_PER_SEC);
    return EXIT_DONE;
}

/* Reads how the target's server reaches the source. That stands in its catalog, and so has no password. */
static int read_through(move_t *move)
{
    const char *given = move->call->options.values[OPTION_THROUGH];
    const char *sentence;

    move->through = given ? given : move->source.conninfo;
    sentence = console_check(move->through, move->pool);
    return sentence
               ? complain(EXIT_USAGE, "--through, how the target's server reaches the source: %s", sentence)
               : EXIT_DONE;
}

/* 1: it is ours, until the connection ends; 0: it is another's; -1: failure. */
static int try_claim(const move_t *move, const session_t *session)
{
    rowset_t *rows =
        move_run(session, "SELECT pg_try_advisory_lock('public.tenant_moves'::regclass::integer, -$1::int)",
                 &move->tenant, 1);

    return rows ? strcmp(rowset_text(rows, 0, 0), "t") == 0 : -1;
}

/* One tenantctl at a time. */
static int claim(const move_t *move)
{
    int claimed = try_claim(move, &move->source);

    if (claimed == 0)
        complain(EXIT_FAILED, "another tenantctl is moving tenant %s", move->tenant);
    return claimed > 0 ? EXIT_DONE : EXIT_FAILED;
}

/* One that was killed may have left the target's server with a statement, which has to end first, and may
 * change what is known. */
static int claim_target(move_t *move)
{
    apr_time_t until = monotonic_now() + PATIENCE;
    int claimed = 0;

    if (!move->target.database)
        return EXIT_DONE;
    while ((claimed = try_claim(move, &move->target)) == 0 && monotonic_now() < until)
        apr_sleep(apr_time_from_msec(50));
    if (claimed == 0)
        complain(EXIT_FAILED, "target: an earlier tenantctl's statement for tenant %s has not ended yet",
                 move->tenant);
    return claimed > 0 ? move_look(move) : EXIT_FAILED;
}

static int open_target(move_t *move)
{
    const char *const *values = move->call->options.values;
    const char *key_file = values[OPTION_TO_KEY_FILE] ? values[OPTION_TO_KEY_FILE] : move->source.key_file;
    int status = session_open_other(&move->target, "target", values[OPTION_TO], key_file, move->pool);

    if (status == EXIT_DONE || !call_has(move->call, OPTION_ABORT) || !call_has(move->call, OPTION_FORCE))
        return status;
    move->target.database = NULL;
    return EXIT_DONE;
}

/* Whatever a database, a role or the environment says otherwise: what is compared is the same text on both
 * sides, and a large table takes its time. */
static int settle(const session_t *session)
{
    static const char *const settings[] = {
        "SET \"TimeZone\" = 'UTC'",
        "SET \"DateStyle\" = 'ISO, YMD'",
        "SET \"IntervalStyle\" = 'postgres'",
        "SET bytea_output = 'hex'",
        "SET extra_float_digits = 1",
        "SET statement_timeout = 0",
        "SET idle_in_transaction_session_timeout = 0",
        "SET default_transaction_isolation = 'read committed'",
        NULL,
    };

    return move_run_all(session, settings);
}

static int open_all(move_t *move)
{
    int status;

    if (!call_has(move->call, OPTION_TO))
        return complain(EXIT_USAGE, "say --to CONNINFO, the database to move to");
    if ((status = read_pause(move)) != EXIT_DONE ||
        (status = session_open(&move->source, move->call, SESSION_DATABASE | SESSION_OWNER | SESSION_KEYS)) !=
            EXIT_DONE ||
        (status = read_through(move)) != EXIT_DONE ||
        (status = tenant_find(&move->tenant, &move->source, move->call->operands[0])) != EXIT_DONE)
        return status;
    move->source.name = "source";
    if ((status = settle(&move->source)) != EXIT_DONE || (status = claim(move)) != EXIT_DONE ||
        (status = open_target(move)) != EXIT_DONE ||
        (move->target.database && ((status = settle(&move->target)) != EXIT_DONE ||
                                   (status = move_check_clusters(move)) != EXIT_DONE)) ||
        (status = move_tables(move)) != EXIT_DONE)
        return status;
    return move_look(move);
}

/* --- What is done --------------------------------------------------------------------------------------- */

/* Whether it can go on from what both databases know. */
static int check_states(const move_t *move)
{
    if (is_state(&move->here, "copying") && strcmp(move->here.side, "target") == 0)
        return complain(EXIT_FAILED, "tenant %s is on its way here: end that move first", move->tenant);
    if (move->there.name && !is_same(move))
        return complain_of_other(move);
    if (is_state(&move->here, "done") && strcmp(move->here.side, "source") == 0 && !is_served_there(move))
        return complain(EXIT_FAILED, "tenant %s is served by another database, to which it has moved",
                        move->tenant);
    return is_elsewhere(move) ? complain(EXIT_FAILED, NOT_THERE, move->tenant) : EXIT_DONE;
}

/* From where it stands to its end. */
static int go_on(move_t *move)
{
    int status;

    if (is_served_there(move)) {
        move_say(move, "is served by the target already");
        return move_finish(move);
    }
    if (is_state(&move->here, "closed")) {
        move_say(move, "was closed at the source: the target takes over");
        status = move_take_over(move);
    } else if ((status = move_check(move)) == EXIT_DONE && (status = move_copy(move)) == EXIT_DONE) {
        status = move_hand_over(move);
    }
    if (status != EXIT_DONE)
        return status;
    move_say(move, "is served by the target");
    return move_finish(move);
}

/* Whether it can be taken back. What is deleted at the target is what this move has brought. */
static int check_abort(const move_t *move)
{
    if (!move->here.move || strcmp(move->here.side, "source") != 0)
        return complain(EXIT_FAILED, "tenant %s is not on its way anywhere", move->tenant);
    if (is_state(&move->here, "done") || is_served_there(move))
        return complain(EXIT_FAILED,
                        "tenant %s is served by the target: move it back from there, once it is erased here",
                        move->tenant);
    if (!call_has(move->call, OPTION_FORCE) && is_elsewhere(move))
        return complain(EXIT_FAILED, NOT_THERE, move->tenant);
    if (move->there.name && !is_same(move))
        return complain(EXIT_FAILED, "the target has a tenant %s of its own: nothing is taken back there",
                        move->tenant);
    return EXIT_DONE;
}

static int check(const move_t *move, int aborts)
{
    return aborts ? check_abort(move) : check_states(move);
}

static void print(const move_t *move, const char *state)
{
    static const output_column_t record_columns[] = {{.key = "id", .type = OUTPUT_LITERAL},
                                                     {.key = "name"},
                                                     {.key = "move"},
                                                     {.key = "state"},
                                                     {.key = "milliseconds_without_writes",
                                                      .type = OUTPUT_LITERAL},
                                                     {0}};
    static const output_column_t table_columns[] = {{.key = "table"},
                                                    {.key = "rows", .type = OUTPUT_LITERAL},
                                                    {0}};
    output_t *record = output_make(record_columns, move->pool);
    output_t *list = output_make(table_columns, move->pool);
    const char *milliseconds =
        move->without_writes ? apr_psprintf(move->pool, "%d", (int)apr_time_as_msec(move->without_writes))
                             : NULL;

    output_row(record, (const char *[]){move->tenant, move->here.name, move->here.move, state, milliseconds});
    for (int n = 0; n < move->tables->nelts; n++) {
        const move_table_t *table = &APR_ARRAY_IDX(move->tables, n, move_table_t);

        if (table->rows)
            output_row(list, (const char *[]){table->name, table->rows});
    }
    output_print(record, "tables", list, call_has(move->call, OPTION_JSON), move->pool);
}

int tenant_move_run(const call_t *call)
{
    move_t move = {.call = call, .pool = call->pool};
    int aborts = call_has(call, OPTION_ABORT);
    int status = open_all(&move);

    if (status == EXIT_DONE)
        status = check(&move, aborts);
    if (status == EXIT_DONE)
        status = claim_target(&move);
    if (status == EXIT_DONE)
        status = check(&move, aborts);
    if (status == EXIT_DONE)
        status = aborts ? move_abort(&move) : go_on(&move);
    if (status == EXIT_DONE)
        print(&move, aborts ? "taken back" : "done");
    return status;
}
