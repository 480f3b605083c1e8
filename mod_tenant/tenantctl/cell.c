/* SPDX-License-Identifier: Apache-2.0 */
/* The cell that a database is: which ids its sequences give. */
#include "cell.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cell_sql.h" /* CELL_SEQUENCES, made from cell.sql by the build */
#include "output.h"
#include "tenant.h"

/* Ids of tenants have at most nine digits: more cells would leave each too few. */
enum { CELLS_MIN = 2, CELLS_MAX = 1000 };

/* How often a lock that others hold is asked for: for a minute. */
enum { ATTEMPTS_MAX = 100 };

/* A sequence as it is. */
typedef struct sequence_t {
    const char *name;
    const char *table;
    int64_t step; /* by how much it grows */
    int64_t next; /* what it gives next */
} sequence_t;

/* The cell whose ids it gives: 1 to step. */
static int64_t cell_of(const sequence_t *sequence)
{
    return sequence->next % sequence->step ? sequence->next % sequence->step : sequence->step;
}

static int read_next(int64_t *next, const session_t *session, const sequence_t *sequence)
{
    const char *sql =
        apr_psprintf(session->pool,
                     "SELECT CASE WHEN is_called THEN last_value + %" PRId64 " ELSE last_value END::text"
                     " FROM %s",
                     sequence->step, sequence->name);
    rowset_t *rows = tenant_run(session, sql, NULL, 0);

    if (!rows)
        return tenant_failed(session);
    *next = apr_atoi64(rowset_text(rows, 0, 0));
    return EXIT_DONE;
}

/* All sequences, as sequence_t. */
static int read_sequences(apr_array_header_t **sequences, const session_t *session)
{
    rowset_t *rows = tenant_run(session, CELL_SEQUENCES, NULL, 0);
    int status = EXIT_DONE;

    if (!rows)
        return tenant_failed(session);
    *sequences = apr_array_make(session->pool, rowset_count(rows), sizeof(sequence_t));
    for (int n = 0; status == EXIT_DONE && n < rowset_count(rows); n++) {
        sequence_t *sequence = &APR_ARRAY_PUSH(*sequences, sequence_t);

        sequence->name = rowset_text(rows, n, 0);
        sequence->table = rowset_text(rows, n, 1);
        sequence->step = apr_atoi64(rowset_text(rows, n, 2));
        status = read_next(&sequence->next, session, sequence);
    }
    return status;
}

static const sequence_t *find(const apr_array_header_t *sequences, const char *table)
{
    for (int n = 0; n < sequences->nelts; n++) {
        if (strcmp(APR_ARRAY_IDX(sequences, n, sequence_t).table, table) == 0)
            return &APR_ARRAY_IDX(sequences, n, sequence_t);
    }
    return NULL;
}

int cell_check_apart(const session_t *one, const session_t *other)
{
    apr_array_header_t *ours, *theirs;
    int status;

    if ((status = read_sequences(&ours, one)) != EXIT_DONE ||
        (status = read_sequences(&theirs, other)) != EXIT_DONE)
        return status;
    for (int n = 0; n < ours->nelts; n++) {
        const sequence_t *a = &APR_ARRAY_IDX(ours, n, sequence_t), *b = find(theirs, a->table);

        if (b && (a->step != b->step || a->step < CELLS_MIN || cell_of(a) == cell_of(b)))
            return complain(
                EXIT_FAILED,
                "both databases can give the same ids (%s): make each a cell of its own with tenantctl cell "
                "set",
                a->table);
    }
    return EXIT_DONE;
}

/* The first id of a cell that is at least so much. */
static int64_t first_of(int64_t cell, int64_t step, int64_t least)
{
    return least + ((cell - least) % step + step) % step;
}

/* What a sequence is to give: ids of a cell, none below `least` or what it gives anyway. */
typedef struct restart_t {
    const sequence_t *sequence;
    int64_t cell;
    int64_t step;
    int64_t least;
} restart_t;

/* In a transaction: nobody takes an id from the first ALTER on. NULL: the database failed. */
static rowset_t *restart(const session_t *session, const restart_t *to)
{
    const char *name = to->sequence->name;
    sequence_t present = {.name = name, .step = 1};

    if (!tenant_run(session,
                    apr_psprintf(session->pool, "ALTER SEQUENCE %s INCREMENT BY %" PRId64, name, to->step),
                    NULL, 0) ||
        read_next(&present.next, session, &present) != EXIT_DONE)
        return NULL;
    return tenant_run(session,
                      apr_psprintf(session->pool, "ALTER SEQUENCE %s RESTART WITH %" PRId64, name,
                                   first_of(to->cell, to->step,
                                            present.next > to->least ? present.next : to->least)),
                      NULL, 0);
}

/* All of them, or none. Whoever has taken an id holds its sequence until the end of a transaction, however
 * long that is, and whoever wants one waits behind this: so it waits for 300 ms at a time. */
static int restart_all(const session_t *session, const apr_array_header_t *restarts)
{
    for (int attempt = 0;; attempt++) {
        rowset_t *rows = tenant_run(session, "BEGIN", NULL, 0);

        if (rows)
            rows = tenant_run(session, "SET LOCAL lock_timeout = '300ms'", NULL, 0);
        for (int n = 0; rows && n < restarts->nelts; n++)
            rows = restart(session, &APR_ARRAY_IDX(restarts, n, restart_t));
        if (rows && tenant_run(session, "COMMIT", NULL, 0))
            return EXIT_DONE;
        if (!console_blocked(session->database) || attempt >= ATTEMPTS_MAX)
            return tenant_failed(session);
        if (!tenant_run(session, "ROLLBACK", NULL, 0))
            return tenant_failed(session);
        apr_sleep(apr_time_from_msec(300));
    }
}

int cell_advance(const session_t *session, const char *name, const char *table, const char *tenant)
{
    sequence_t sequence = {.name = name};
    rowset_t *rows =
        tenant_run(session,
                   apr_psprintf(session->pool,
                                "SELECT s.seqincrement::text, (SELECT coalesce(max(id), 0)::text FROM"
                                " public.\"%s\" WHERE tenant_id = $1::int)"
                                " FROM pg_catalog.pg_sequence s WHERE s.seqrelid = '%s'::regclass",
                                table, name),
                   &tenant, 1);
    apr_array_header_t *restarts;
    int64_t max;

    if (!rows)
        return tenant_failed(session);
    sequence.step = apr_atoi64(rowset_text(rows, 0, 0));
    max = apr_atoi64(rowset_text(rows, 0, 1));
    if (read_next(&sequence.next, session, &sequence) != EXIT_DONE)
        return EXIT_FAILED;
    if (sequence.next > max)
        return EXIT_DONE;
    restarts = apr_array_make(session->pool, 1, sizeof(restart_t));
    APR_ARRAY_PUSH(restarts, restart_t) = (restart_t){
        .sequence = &sequence, .cell = cell_of(&sequence), .step = sequence.step, .least = max + 1};
    return restart_all(session, restarts);
}

/* --- The commands --------------------------------------------------------------------------------------- */

static const output_column_t columns[] = {{.key = "table"},
                                          {.key = "cell", .type = OUTPUT_LITERAL},
                                          {.key = "of", .type = OUTPUT_LITERAL},
                                          {.key = "next_id", .type = OUTPUT_LITERAL},
                                          {0}};

static int print(const session_t *session, const call_t *call)
{
    output_t *list = output_make(columns, call->pool);
    apr_array_header_t *sequences;
    int status = read_sequences(&sequences, session);

    for (int n = 0; status == EXIT_DONE && n < sequences->nelts; n++) {
        const sequence_t *sequence = &APR_ARRAY_IDX(sequences, n, sequence_t);

        output_row(list,
                   (const char *[]){sequence->table, apr_psprintf(call->pool, "%" PRId64, cell_of(sequence)),
                                    apr_psprintf(call->pool, "%" PRId64, sequence->step),
                                    apr_psprintf(call->pool, "%" PRId64, sequence->next)});
    }
    if (status == EXIT_DONE)
        output_print(NULL, "sequences", list, call_has(call, OPTION_JSON), call->pool);
    return status;
}

int cell_show(const call_t *call)
{
    session_t session;
    int status = session_open(&session, call, SESSION_DATABASE | SESSION_OWNER);

    return status == EXIT_DONE ? print(&session, call) : status;
}

/* A whole number from min to max; -1: it is none. */
static int64_t number_of(const char *text, int64_t min, int64_t max)
{
    char *end;
    int64_t number = text && *text >= '0' && *text <= '9' ? apr_strtoi64(text, &end, 10) : -1;

    return number >= min && number <= max && !*end ? number : -1;
}

static int set_all(const session_t *session, const apr_array_header_t *beside, int64_t cell, int64_t step)
{
    apr_array_header_t *sequences, *restarts;
    int status = read_sequences(&sequences, session);

    if (status != EXIT_DONE)
        return status;
    restarts = apr_array_make(session->pool, sequences->nelts, sizeof(restart_t));
    for (int n = 0; n < sequences->nelts; n++) {
        const sequence_t *sequence = &APR_ARRAY_IDX(sequences, n, sequence_t);
        const sequence_t *other = beside ? find(beside, sequence->table) : NULL;

        APR_ARRAY_PUSH(restarts, restart_t) =
            (restart_t){.sequence = sequence, .cell = cell, .step = step, .least = other ? other->next : 1};
    }
    return restart_all(session, restarts);
}

int cell_set(const call_t *call)
{
    int64_t step = number_of(call->options.values[OPTION_OF], CELLS_MIN, CELLS_MAX);
    int64_t cell = number_of(call->operands[0], 1, step);
    const char *beside = call->options.values[OPTION_BESIDE];
    apr_array_header_t *others = NULL;
    session_t session, other;
    int status;

    if (step < 0)
        return complain(EXIT_USAGE,
                        "say --of with the number of cells that there will ever be, from 2 to 1000");
    if (cell < 0)
        return complain(EXIT_USAGE, "the cell is a number from 1 to that of --of");
    if ((status = session_open(&session, call, SESSION_DATABASE | SESSION_OWNER)) != EXIT_DONE)
        return status;
    if (beside && ((status = session_open_other(&other, "--beside", beside, NULL, call->pool)) != EXIT_DONE ||
                   (status = read_sequences(&others, &other)) != EXIT_DONE))
        return status;
    status = set_all(&session, others, cell, step);
    return status == EXIT_DONE ? print(&session, call) : status;
}
