/* SPDX-License-Identifier: Apache-2.0 */
/* Seals every stored secret under the primary key, while the server runs: each value in a statement of its
 * own that finds the row as it was read, so that it can be interrupted, and overwrites nobody's change. */
#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "../secret/seal.h"
#include "output.h"
#include "sealed.h"
#include "session.h"

enum {
    PASSES_MAX = 5,   /* a server that still seals under another key would keep us for ever */
    ATTEMPTS_MAX = 5, /* on a row that others keep changing; the next pass gets it */
};

/* What became of a column's values. */
typedef struct counts_t {
    int current;    /* of the last pass: are under the primary key */
    int rewrapped;  /* of all passes: were under another key */
    int sealed;     /* of all passes: were in clear */
    int plaintext;  /* of the last pass: are in clear, or empty */
    int unreadable; /* of the last pass: cannot be opened */
} counts_t;

typedef struct rewrap_t {
    const session_t *session;
    int with_plaintext;
    counts_t *counts;              /* of the present column */
    int changed;                   /* whether this pass found something to do */
    apr_array_header_t *sentences; /* const char *: about the values that this pass leaves as they are */
} rewrap_t;

/* Counts a value that stays as it is, where there is a count for it, and says why, without the value. */
static void leave(rewrap_t *rewrap, int *count, const sealed_column_t *column, const sealed_value_t *value,
                  const char *why)
{
    if (count)
        ++*count;
    APR_ARRAY_PUSH(rewrap->sentences, const char *) =
        apr_psprintf(rewrap->session->pool, "%s.%s of tenant %d (row %s) %s", column->table, column->name,
                     value->tenant_id, value->row, why);
}

/* A sealed value; NULL: it stays, and that is said. */
static const char *seal(rewrap_t *rewrap, const sealed_column_t *column, const sealed_value_t *value,
                        const char *plaintext, apr_size_t length, apr_pool_t *pool)
{
    const seal_place_t place = sealed_place(column, value);

    if (!value->has_moved)
        return seal_make(rewrap->session->keyring, &place, plaintext, length, pool);
    leave(rewrap, NULL, column, value, "stays as it is: the tenant has moved away, erase it");
    return NULL;
}

/* A value as it is to be, and what that counts as; NULL: it stays as it is, and is counted. */
static const char *renew(rewrap_t *rewrap, int **count, const sealed_column_t *column,
                         const sealed_value_t *value, apr_pool_t *pool)
{
    const seal_place_t place = sealed_place(column, value);
    const keyring_t *ring = rewrap->session->keyring;
    counts_t *counts = rewrap->counts;
    const char *plaintext;
    apr_size_t length;

    switch (seal_open(&plaintext, &length, ring, &place, value->text, pool)) {
    case SEAL_OPENED:
        *count = &counts->rewrapped;
        if (seal_key_id(value->text) != keyring_key(ring, KEYNAME_SEAL, 0)->id)
            return seal(rewrap, column, value, plaintext, length, pool);
        counts->current++;
        return NULL;
    case SEAL_NOT_SEALED:
        *count = &counts->sealed;
        if (rewrap->with_plaintext && *value->text)
            return seal(rewrap, column, value, value->text, strlen(value->text), pool);
        leave(rewrap, &counts->plaintext, column, value, *value->text ? "is in clear" : "is empty");
        return NULL;
    case SEAL_UNKNOWN_KEY:
        leave(rewrap, &counts->unreadable, column, value, "is sealed with a key that the key file lacks");
        return NULL;
    case SEAL_CORRUPTED:
    default:
        leave(rewrap, &counts->unreadable, column, value, "cannot be opened");
        return NULL;
    }
}

/* Stores a value where the row is still the one that was read. The row's version stands for the old value:
 * that may be a token in clear, which has no business in a statement.
 * Returns 1; 0: it has changed; -1: failure. */
static int store(const rewrap_t *rewrap, const sealed_column_t *column, const sealed_value_t *value,
                 const char *renewed, apr_pool_t *pool)
{
    const char *values[] = {value->row, value->version, renewed};
    const char *sql = apr_psprintf(pool, "UPDATE public.%s SET %s = $3 WHERE id = $1 AND row_version = $2",
                                   column->table, column->name);
    rowset_t *rows = console_run(rewrap->session->database, pool, sql, values, 3);

    return rows ? rowset_changed(rows) : -1;
}

/* Renews one value; where somebody else changes the row meanwhile, what that one has written. */
static int renew_value(void *context, const sealed_column_t *column, const sealed_value_t *first,
                       apr_pool_t *pool)
{
    rewrap_t *rewrap = context;
    sealed_value_t value = *first;

    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        int *count, done, found;
        const char *renewed = renew(rewrap, &count, column, &value, pool);

        if (!renewed)
            return 1;
        rewrap->changed = 1;
        done = store(rewrap, column, &value, renewed, pool);
        if (done != 0) {
            *count += done > 0;
            return done > 0;
        }
        found = sealed_again(&value, rewrap->session->database, column, value.row, pool);
        if (found <= 0)
            return found == 0;
    }
    return 1;
}

/* Goes through all values once. 0: the database failed. */
static int pass(rewrap_t *rewrap, const sealed_column_t *columns, counts_t *counts)
{
    rewrap->changed = 0;
    apr_array_clear(rewrap->sentences);
    for (int n = 0; columns[n].table; n++) {
        rewrap->counts = &counts[n];
        counts[n].current = counts[n].plaintext = counts[n].unreadable = 0;
        if (!sealed_each(rewrap->session->database, &columns[n], renew_value, rewrap, rewrap->session->pool))
            return 0;
    }
    return 1;
}

/* Removes the tokens that were being replaced and are past their time, as the trigger of tenants does with
 * each update. 0: the database failed. */
static int forget_past(const session_t *session)
{
    return console_run(session->database, session->pool,
                       "UPDATE public.tenants t SET twilio_auth_token_previous_until = NULL"
                       " WHERE twilio_auth_token_previous_until <= now() AND NOT EXISTS"
                       " (SELECT FROM public.tenant_moves m WHERE m.tenant = t.id AND m.answer = 'moved')",
                       NULL, 0) != NULL;
}

static void print_counts(const call_t *call, const session_t *session, const sealed_column_t *columns,
                         const counts_t *counts)
{
    static const output_column_t record_columns[] = {{.key = "primary", .type = OUTPUT_LITERAL}, {0}};
    static const output_column_t list_columns[] = {
        {.key = "table"},
        {.key = "column"},
        {.key = "current", .type = OUTPUT_LITERAL},
        {.key = "rewrapped", .type = OUTPUT_LITERAL},
        {.key = "sealed", .type = OUTPUT_LITERAL},
        {.key = "plaintext", .type = OUTPUT_LITERAL},
        {.key = "unreadable", .type = OUTPUT_LITERAL},
        {0},
    };
    apr_pool_t *pool = session->pool;
    output_t *record = output_make(record_columns, pool), *list = output_make(list_columns, pool);

    output_row(record, (const char *[]){
                           apr_psprintf(pool, "%u", keyring_key(session->keyring, KEYNAME_SEAL, 0)->id)});
    for (int n = 0; columns[n].table; n++)
        output_row(list, (const char *[]){
                             columns[n].table,
                             columns[n].name,
                             apr_itoa(pool, counts[n].current),
                             apr_itoa(pool, counts[n].rewrapped),
                             apr_itoa(pool, counts[n].sealed),
                             apr_itoa(pool, counts[n].plaintext),
                             apr_itoa(pool, counts[n].unreadable),
                         });
    output_print(record, "columns", list, call_has(call, OPTION_JSON), pool);
}

int rewrap_run(const call_t *call)
{
    rewrap_t rewrap = {.with_plaintext = call_has(call, OPTION_PLAINTEXT)};
    const sealed_column_t *columns = sealed_columns(call->pool);
    int width = 0, passes = 0, done;
    session_t session;
    counts_t *counts;
    int status = session_open(&session, call, SESSION_DATABASE | SESSION_KEYS);

    if (status != EXIT_DONE)
        return status;
    while (columns[width].table)
        width++;
    counts = apr_pcalloc(call->pool, (size_t)width * sizeof *counts);
    rewrap.session = &session;
    rewrap.sentences = apr_array_make(call->pool, 4, sizeof(const char *));
    do {
        done = forget_past(&session) && pass(&rewrap, columns, counts);
    } while (done && rewrap.changed && ++passes < PASSES_MAX);
    print_counts(call, &session, columns, counts);
    for (int n = 0; n < rewrap.sentences->nelts; n++)
        complain(EXIT_FAILED, "%s", APR_ARRAY_IDX(rewrap.sentences, n, const char *));
    if (!done)
        return complain(EXIT_FAILED, "%s; run it again to go on", console_failure(session.database));
    if (rewrap.changed)
        return complain(EXIT_FAILED,
                        "somebody goes on sealing under another key: reload httpd and run it again");
    return rewrap.sentences->nelts > 0 ? EXIT_FAILED : EXIT_DONE;
}
