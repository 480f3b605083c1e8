/* SPDX-License-Identifier: Apache-2.0 */
#include "reconciliation.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "../json/scan.h"
#include "../resource/check.h"
#include "../resource/resource.h"
#include "../twilio/snapshot.h"

enum {
    TRIES = 3,          /* of a transaction */
    PAGES_MAX = 100000, /* of a list: it would never end */
    URI_MAX = 2048,
    UNFINISHED_MAX = 5,
    SEEN_MAX = 100000, /* rows that are not finished; any beyond are asked for once more */
};

#define PAGE_SIZE "200"

#define ACCOUNTS "/2010-04-01/Accounts/"

/* Of a page: 200 resources of some 40 values each. */
static const scan_limits_t page_limits = {.depth = 16, .nodes = 100000, .keys = 256};

typedef struct kind_t {
    event_kind_t event;
    upsert_table_t table;
    const char *name;                           /* in paths */
    const char *list;                           /* the member of a page */
    const char *since;                          /* the parameter that narrows a list */
    const char *sids;                           /* pattern of PostgreSQL's */
    const char *unfinished[UNFINISHED_MAX + 1]; /* statuses that others follow soon */
} kind_t;

/* Messages of most carriers end as `sent`. */
static const kind_t kinds[] = {
    {EVENT_CALL_RESOURCE,
     UPSERT_CALLS,
     "Calls",
     "calls",
     "StartTime%3E",
     "^CA[0-9a-fA-F]{32}$",
     {"queued", "initiated", "ringing", "answered", "in-progress"}},
    {EVENT_MESSAGE_RESOURCE,
     UPSERT_MESSAGES,
     "Messages",
     "messages",
     "DateSent%3E",
     "^(SM|MM)[0-9a-fA-F]{32}$",
     {"receiving", "accepted", "scheduled", "queued", "sending"}},
    {EVENT_RECORDING_RESOURCE,
     UPSERT_RECORDINGS,
     "Recordings",
     "recordings",
     "DateCreated%3E",
     "^RE[0-9a-fA-F]{32}$",
     {"in-progress", "paused", "stopped", "processing"}},
};

typedef struct run_t {
    tally_t *tally;
    const session_t *session;
    const account_t *account;
    upstream_t *upstream;
    const upstream_login_t *login;
    const char *since;
    tally_fn *told;
    apr_hash_t *seen; /* sids of the list's rows that are not finished */
    apr_pool_t *pool; /* the list's */
} run_t;

static void tell(const run_t *run)
{
    if (run->told)
        run->told(run->tally, run->account);
}

/* --- Rows ----------------------------------------------------------------------------------------------- */

static const char *failed(const run_t *run)
{
    return console_failure(run->session->database);
}

static const char *order(const run_t *run, const char *sql, apr_pool_t *pool)
{
    return console_run(run->session->database, pool, sql, NULL, 0) ? NULL : failed(run);
}

/* Merges one row. NULL: *outcome is what has come of it. */
static const char *merge_row(const char **outcome, const run_t *run, const upsert_t *row, apr_pool_t *pool)
{
    const char *values[UPSERT_VALUES_MAX] = {NULL};

    upsert_fill(values, row, run->account->tenant);
    *outcome = UPSERT_FOREIGN;
    for (int tries = 0; tries < 2 && strcmp(*outcome, UPSERT_FOREIGN) == 0; tries++) {
        rowset_t *rows = console_execute(run->session->database, pool, upsert_statement(row->table), values);

        if (!rows)
            return failed(run);
        *outcome = rowset_text(rows, 0, 0);
    }
    return NULL;
}

/* Merges rows in one transaction. */
static const char *try_merge(tally_t *came, const run_t *run, const apr_array_header_t *rows,
                             apr_pool_t *pool)
{
    const char *why = order(run, "BEGIN", pool);

    for (int n = 0; !why && n < rows->nelts; n++) {
        const char *outcome;

        why = merge_row(&outcome, run, &APR_ARRAY_IDX(rows, n, upsert_t), pool);
        if (!why) {
            came->stored += strcmp(outcome, UPSERT_STORED) == 0;
            came->foreign += strcmp(outcome, UPSERT_FOREIGN) == 0;
        }
    }
    if (!why)
        return order(run, "COMMIT", pool);
    order(run, "ROLLBACK", pool);
    return why;
}

/* The same; again, where webhooks that merge the same rows meanwhile were in the way. */
static const char *merge(const run_t *run, const apr_array_header_t *rows, apr_pool_t *pool)
{
    const char *why = NULL;
    tally_t came;

    for (int tries = 0; tries == 0 || (why && tries < TRIES); tries++) {
        came = (tally_t){.stored = 0};
        why = try_merge(&came, run, rows, pool);
    }
    if (why)
        return why;
    run->tally->stored += came.stored;
    run->tally->foreign += came.foreign;
    return NULL;
}

/* Whether a row is the tenant's. Of an account that other tenants have too, it is where the tenant has it
 * already, and where its number calls or is called, writes or is written to: a recording where its call is.
 * -1: the database failed. */
static int is_ours(const run_t *run, const upsert_t *row, apr_pool_t *pool)
{
    static const char known[] =
        "SELECT EXISTS (SELECT FROM public.calls WHERE tenant_id = $1::int AND sid = $2)"
        " OR EXISTS (SELECT FROM public.messages WHERE tenant_id = $1::int AND sid = $2)"
        " OR EXISTS (SELECT FROM public.recordings WHERE tenant_id = $1::int AND sid = $2)"
        " OR EXISTS (SELECT FROM public.calls WHERE tenant_id = $1::int AND sid = $3)";
    upsert_t copy = *row;
    const char *number = run->account->number;
    const char *values[] = {run->account->tenant, *upsert_value(&copy, "sid"), NULL};
    rowset_t *rows;

    if (run->account->others == 0)
        return 1;
    if (row->table == UPSERT_RECORDINGS) {
        values[2] = *upsert_value(&copy, "call_sid");
    } else {
        const char *from = *upsert_value(&copy, "from_number"), *to = *upsert_value(&copy, "to_number");

        if (number && ((from && strcmp(from, number) == 0) || (to && strcmp(to, number) == 0)))
            return 1;
        if (row->table == UPSERT_CALLS)
            values[2] = *upsert_value(&copy, "parent_call_sid");
    }
    rows = console_run(run->session->database, pool, known, values, 3);
    return rows ? *rowset_text(rows, 0, 0) == 't' : -1;
}

/* --- What Twilio answers -------------------------------------------------------------------------------- */

/* Whether others follow a status soon. */
static int is_unfinished(const kind_t *kind, const char *status)
{
    for (const char *const *one = kind->unfinished; status && *one; one++) {
        if (strcmp(*one, status) == 0)
            return 1;
    }
    return !status;
}

/* Reads a resource of a kind into rows. NULL, or why not. */
static const char *take(const run_t *run, const kind_t *kind, const tree_t *resource,
                        apr_array_header_t *rows, apr_pool_t *pool)
{
    event_t event;
    const char *why = snapshot_read(&event, kind->event, resource, run->account->sid, pool);
    int ours;

    if (why)
        return why;
    ours = is_ours(run, &event.rows[0], pool);
    if (ours < 0)
        return failed(run);
    if (ours)
        APR_ARRAY_PUSH(rows, upsert_t) = event.rows[0];
    else
        run->tally->foreign++;
    return NULL;
}

/* Parses an answer, which has to be an object. NULL, or why not. */
static const char *parse(const tree_t **root, const upstream_answer_t *answer, apr_pool_t *pool)
{
    scan_error_t error;

    if (scan_text(answer->body, answer->length, &page_limits, &error, pool) ||
        !tree_parse(root, answer->body, answer->length, pool) || tree_type(*root) != TREE_OBJECT)
        return "is no JSON object, or too large a one";
    return NULL;
}

/* Where the next page is, NULL at the end. It has to be a path of the same list, with a query of plain
 * characters, or the credentials would go elsewhere. */
static const char *read_next(const char **next, const tree_t *root, const char *path, const char *present,
                             apr_pool_t *pool)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%&=+:,<>";
    const tree_t *member = tree_member(root, "next_page_uri");
    apr_size_t length, start = strlen(path);
    const char *uri;

    *next = NULL;
    if (tree_type(member) == TREE_NULL)
        return NULL;
    if (tree_type(member) != TREE_STRING)
        return "has a next_page_uri that is no text";
    uri = tree_string(member, &length);
    if (length == 0)
        return NULL;
    if (length > URI_MAX || strncmp(uri, path, start) != 0 || uri[start] != '?' ||
        uri[start + 1 + strspn(uri + start + 1, plain)] != '\0')
        return "has a next_page_uri that leads elsewhere, where no credentials go";
    if (strcmp(uri, present) == 0)
        return "has a next_page_uri that leads to itself";
    *next = apr_pstrdup(pool, uri);
    return NULL;
}

/* Keeps which rows of a page need not be asked for. */
static void note_seen(const run_t *run, const kind_t *kind, const apr_array_header_t *rows)
{
    for (int n = 0; n < rows->nelts && apr_hash_count(run->seen) < SEEN_MAX; n++) {
        upsert_t *row = &APR_ARRAY_IDX(rows, n, upsert_t);

        if (is_unfinished(kind, *upsert_value(row, "status")))
            apr_hash_set(run->seen, apr_pstrdup(run->pool, *upsert_value(row, "sid")), APR_HASH_KEY_STRING,
                         "");
    }
}

/* --- Lists ---------------------------------------------------------------------------------------------- */

/* Reads and merges the page at *uri, and leaves the next one's there. */
static const char *walk_page(const run_t *run, const kind_t *kind, const char *path, const char **uri,
                             apr_pool_t *page)
{
    apr_array_header_t *rows = apr_array_make(page, 200, sizeof(upsert_t));
    upstream_answer_t answer;
    const tree_t *root, *list;
    const char *next;
    const char *why = upstream_get(&answer, run->upstream, run->login, *uri, page);

    if (why)
        return why;
    if (answer.status == 404)
        return "Twilio does not know the account";
    why = parse(&root, &answer, page);
    list = why ? NULL : tree_member(root, kind->list);
    if (!why && tree_type(list) != TREE_ARRAY)
        why = "has no list";
    if (!why)
        why = read_next(&next, root, path, *uri, run->pool);
    if (why)
        return apr_psprintf(page, "a page of %s %s", kind->name, why);
    for (apr_size_t n = 0; n < tree_count(list); n++) {
        why = take(run, kind, tree_item(list, n), rows, page);
        if (why)
            return apr_psprintf(page, "a page of %s is not understood: %s", kind->name, why);
    }
    why = merge(run, rows, page);
    if (why)
        return why;
    note_seen(run, kind, rows);
    run->tally->listed[kind->table] += (int)tree_count(list);
    *uri = next;
    return NULL;
}

static const char *walk(const run_t *run, const kind_t *kind)
{
    const char *path = apr_pstrcat(run->pool, ACCOUNTS, run->account->sid, "/", kind->name, ".json", NULL);
    const char *uri =
        apr_pstrcat(run->pool, path, "?PageSize=" PAGE_SIZE "&", kind->since, "=", run->since, NULL);
    const char *why = NULL;
    apr_pool_t *page;

    apr_pool_create(&page, run->pool);
    for (int pages = 0; uri && !why; pages++) {
        why = pages < PAGES_MAX ? walk_page(run, kind, path, &uri, page)
                                : apr_psprintf(page, "the list of %s does not end", kind->name);
        why = why ? apr_pstrdup(run->pool, why) : NULL;
        apr_pool_clear(page);
        tell(run);
    }
    return why;
}

/* --- One by one ----------------------------------------------------------------------------------------- */

/* Asks for a row by its sid, and merges what is answered. */
static const char *ask(const run_t *run, const kind_t *kind, const char *sid, apr_pool_t *pool)
{
    const char *uri =
        apr_pstrcat(pool, ACCOUNTS, run->account->sid, "/", kind->name, "/", sid, ".json", NULL);
    apr_array_header_t *rows = apr_array_make(pool, 1, sizeof(upsert_t));
    upstream_answer_t answer;
    const tree_t *root;
    const char *why = upstream_get(&answer, run->upstream, run->login, uri, pool);

    if (why)
        return why;
    run->tally->asked++;
    if (answer.status == 404) {
        run->tally->gone++;
        return NULL;
    }
    why = parse(&root, &answer, pool);
    if (why)
        return apr_psprintf(pool, "the answer of %s %s", sid, why);
    why = take(run, kind, root, rows, pool);
    if (!why && rows->nelts == 1 && strcmp(*upsert_value(&APR_ARRAY_IDX(rows, 0, upsert_t), "sid"), sid) != 0)
        why = "it has another sid.";
    if (why)
        return apr_psprintf(pool, "the answer of %s is not understood: %s", sid, why);
    return merge(run, rows, pool);
}

/* The tenant's rows that are not finished, behind an id, a few at a time. */
static rowset_t *select_unfinished(const run_t *run, const kind_t *kind, const char *behind, apr_pool_t *pool)
{
    const upsert_t row = {.table = kind->table};
    const char *unfinished = "";
    const char *sql = apr_psprintf(pool,
                                   "SELECT id::text, sid::text FROM public.%s WHERE tenant_id = $1::int"
                                   " AND id > $2::int AND sid ~ $3"
                                   " AND (status IS NULL OR status = ANY ($4::text[])) ORDER BY id LIMIT 200",
                                   upsert_resource(&row));

    for (const char *const *one = kind->unfinished; *one; one++)
        unfinished = apr_pstrcat(pool, unfinished, *unfinished ? "," : "", *one, NULL);
    unfinished = apr_pstrcat(pool, "{", unfinished, "}", NULL);
    return console_run(run->session->database, pool, sql,
                       (const char *[]){run->account->tenant, behind, kind->sids, unfinished}, 4);
}

static const char *ask_unfinished(const run_t *run, const kind_t *kind)
{
    const char *behind = "0";
    apr_pool_t *some, *each;
    const char *why = NULL;
    rowset_t *rows;

    apr_pool_create(&some, run->pool);
    apr_pool_create(&each, run->pool);
    do {
        apr_pool_clear(some);
        rows = select_unfinished(run, kind, behind, some);
        if (!rows)
            return failed(run);
        for (int n = 0; !why && n < rowset_count(rows); n++) {
            const char *sid = rowset_text(rows, n, 1);

            behind = rowset_text(rows, n, 0);
            if (apr_hash_get(run->seen, sid, APR_HASH_KEY_STRING))
                continue;
            apr_pool_clear(each);
            why = ask(run, kind, sid, each);
            tell(run);
        }
        behind = apr_pstrdup(run->pool, behind);
    } while (!why && rowset_count(rows) > 0);
    return why ? apr_pstrdup(run->pool, why) : NULL;
}

const char *reconciliation_run(tally_t *tally, const session_t *session, const account_t *account,
                               upstream_t *upstream, const upstream_login_t *login, const char *since,
                               tally_fn *told)
{
    run_t run = {tally, session, account, upstream, login, since, told, NULL, NULL};
    const char *all = NULL;

    for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
        const char *why;

        apr_pool_create(&run.pool, session->pool);
        run.seen = apr_hash_make(run.pool);
        why = walk(&run, &kinds[n]);
        if (!why)
            why = ask_unfinished(&run, &kinds[n]);
        if (why && (!all || !strstr(all, why)))
            all = apr_pstrcat(session->pool, all ? all : "", all ? "; " : "", why, NULL);
        apr_pool_destroy(run.pool);
    }
    return all;
}
