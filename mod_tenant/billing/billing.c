/* SPDX-License-Identifier: Apache-2.0 */
#include "billing.h"

#include <apr_strings.h>
#include <http_log.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "arrears.h"
#include "../monotonic.h"
#include "../secret/digest.h"
#include "../store/lasting.h"
#include "../store/notify.h"

APLOG_USE_MODULE(tenant);

/* How long the database may take for a portion; at the end, for everything. */
#define ANSWER      apr_time_from_sec(30)
#define LAST_ANSWER apr_time_from_sec(3)

/* How long another child may keep a lock: it does so while it tells. */
#define PATIENCE apr_time_from_sec(1)

/* Whoever has told has the rows counted too, unless somebody has within most of the period. */
#define ADD   "SELECT public.usage_add($1, $2, $3, $4, $5, $6, $7)"
#define COUNT "SELECT public.usage_count($1)"

enum { ADD_VALUES = 7, LINE_VALUES = 5, NUMBER_LENGTH = 21 };

/* What the memory is called: by its layout and its database. */
static const char *name_of(const char *database, apr_pool_t *pool)
{
    static const digest_key_t public_key;
    digest_t digest = digest_make(&public_key, database, strlen(database));

    return apr_psprintf(pool, "mod_tenant usage 3 %016" PRIx64 "%016" PRIx64, digest.words[0],
                        digest.words[1]);
}

const char *billing_open(usage_t **usage, const char *database, const usage_settings_t *settings,
                         server_rec *server, apr_pool_t *pool)
{
    const char *name = name_of(database, pool);
    size_t size = usage_size(settings->tenants);
    int is_new;
    void *memory = lasting_memory(name, size, &is_new, server->process->pool);

    *usage = memory ? usage_use(memory, is_new, settings->tenants) : NULL;
    if (!*usage)
        return apr_psprintf(pool,
                            "there is no shared memory for TenantUsage, which takes %" APR_SIZE_T_FMT
                            " bytes for tenants=%d",
                            size, settings->tenants);
    if (usage_tenants(*usage) < settings->tenants)
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, server,
            "TenantUsage tenants=%d takes %" APR_SIZE_T_FMT
            " bytes more than the server has had since its start: there is room for %d until it is restarted",
            settings->tenants, size - usage_size(usage_tenants(*usage)), usage_tenants(*usage));
    return NULL;
}

/* --- One statement -------------------------------------------------------------------------------------- */

static int64_t value_of(const usage_line_t *line, int which)
{
    const int64_t values[LINE_VALUES] = {line->tenant, line->day, line->requests, line->rows_written,
                                         line->bytes_out};

    return values[which];
}

/* A value of each line as an array of PostgreSQL's, `{1,2}`. */
static const char *array_of(const usage_line_t *lines, int count, int which, apr_pool_t *pool)
{
    char *array = apr_palloc(pool, (apr_size_t)count * NUMBER_LENGTH + sizeof "{}");
    char *to = array;

    for (int n = 0; n < count; n++)
        to += apr_snprintf(to, NUMBER_LENGTH + 1, "%c%" PRId64, n ? ',' : '{', value_of(&lines[n], which));
    memcpy(to, "}", sizeof "}");
    return array;
}

/* Adds lines to the table, until a time. *why lives as long as pool; what it takes beside that, as the
 * call. */
static int add(const bill_portion_t *portion, notify_settings_t *settings, apr_time_t until, const char **why,
               apr_pool_t *pool)
{
    const char *values[ADD_VALUES];
    apr_pool_t *own;
    int done = 0;

    settings->limit = until - monotonic_now() < ANSWER ? until - monotonic_now() : ANSWER;
    if (settings->limit <= 0 || apr_pool_create_unmanaged(&own) != APR_SUCCESS)
        return 0;
    values[0] = apr_psprintf(own, "%" PRId64, portion->memory);
    values[1] = apr_psprintf(own, "%" PRId64, portion->number);
    for (int which = 0; which < LINE_VALUES; which++)
        values[ADD_VALUES - LINE_VALUES + which] = array_of(portion->lines, portion->count, which, own);
    done = notify_tell(settings, ADD, values, ADD_VALUES, why, own);
    if (!done)
        *why = apr_pstrdup(pool, *why);
    apr_pool_destroy(own);
    return done;
}

/* --- All of it ------------------------------------------------------------------------------------------ */

/* Tells what an earlier server has left. 0: it could not. */
static int tell_arrears(const billing_t *billing, notify_settings_t *settings, apr_time_t until,
                        const char **why, apr_pool_t *pool)
{
    const bill_portion_t *portion;

    while ((portion = arrears_next(billing->arrears)) != NULL) {
        if (!add(portion, settings, until, why, pool))
            return 0;
        arrears_told(billing->arrears);
    }
    return 1;
}

/* Tells the closed book to its end. 0: it could not. */
static int tell_book(const billing_t *billing, notify_settings_t *settings, apr_time_t until,
                     const char **why, apr_pool_t *pool)
{
    usage_line_t *lines = apr_palloc(pool, USAGE_PORTION * sizeof *lines);
    bill_portion_t portion = {.memory = usage_id(billing->usage), .lines = lines};

    while ((portion.count = usage_next(billing->usage, lines, &portion.number)) > 0) {
        if (!add(&portion, settings, until, why, pool))
            return 0;
        usage_told(billing->usage);
    }
    return 1;
}

/* Tells both books: that which is closed from an earlier time, and what has been counted since. The caller
 * has begun. */
static int tell_books(const billing_t *billing, notify_settings_t *settings, apr_time_t until,
                      const char **why, apr_pool_t *pool)
{
    int is_old;

    if (!tell_arrears(billing, settings, until, why, pool))
        return 0;
    do {
        is_old = usage_is_closed(billing->usage);
        if (!usage_close(billing->usage, monotonic_now() + PATIENCE)) {
            *why = "a child that has been stopped is in the way";
            return 0;
        }
        if (!tell_book(billing, settings, until, why, pool))
            return 0;
    } while (is_old);
    return 1;
}

static int count_rows(const billing_t *billing, notify_settings_t *settings, const char **why,
                      apr_pool_t *pool)
{
    const char *pause =
        apr_psprintf(pool, "%" APR_TIME_T_FMT " milliseconds", apr_time_as_msec(billing->flush) / 5 * 4);

    settings->limit = ANSWER;
    return notify_tell(settings, COUNT, &pause, 1, why, pool);
}

/* Says once that it does not work, and once that it does again. */
static void report(const billing_t *billing, int done, const char *why)
{
    int64_t lost = usage_take_lost(billing->usage);
    int had_failed = usage_note_failure(billing->usage, !done);

    if (!done && !had_failed)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, billing->server,
                     "the database is not told what tenants use: %s; it is kept, to be told later", why);
    if (done && had_failed)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, billing->server,
                     "the database is told again what tenants use");
    if (lost)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, billing->server,
                     "%" PRId64 " requests are on no bill: TenantUsage tenants=%d has no room for them", lost,
                     usage_tenants(billing->usage));
}

/* Whether the child ends, which cuts short what it does. */
static int is_readable(int wake)
{
    struct pollfd descriptor = {.fd = wake, .events = POLLIN};

    return poll(&descriptor, 1, 0) > 0;
}

void billing_tell(const billing_t *billing, int wake)
{
    notify_settings_t settings = {.conninfo = billing->conninfo, .wake = wake};
    const char *why = "out of memory";
    apr_time_t now = monotonic_now();
    apr_pool_t *pool;
    int done;

    if (!usage_is_due(billing->usage, billing->flush, now) || !usage_begin(billing->usage, now))
        return;
    if (apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        done = tell_books(billing, &settings, APR_INT64_MAX, &why, pool) &&
               count_rows(billing, &settings, &why, pool);
        if (done || !is_readable(wake))
            report(billing, done, why);
        apr_pool_destroy(pool);
    }
    usage_end(billing->usage);
}

void billing_finish(const billing_t *billing)
{
    notify_settings_t settings = {.conninfo = billing->conninfo, .wake = -1};
    const char *why = "there was no time";
    apr_time_t until = monotonic_now() + LAST_ANSWER;
    apr_pool_t *pool;

    if (!usage_begin(billing->usage, until))
        return;
    if (apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        if (!tell_books(billing, &settings, until, &why, pool))
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, billing->server,
                         "the database has not been told of %" PRId64
                         " requests of tenants: %s; they are kept, to be told later",
                         usage_waiting(billing->usage), why);
        apr_pool_destroy(pool);
    }
    usage_end(billing->usage);
}
