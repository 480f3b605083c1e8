/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup.h"

#include <apr_strings.h>

#include "../config.h"
#include "../metrics/counters.h"
#include "../monotonic.h"
#include "../store/database.h"
#include "../text.h"
#include "cache.h"
#include "guesses.h"

/* Columns of the statements. */
enum {
    COLUMN_VIA,
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_STATUS,
    COLUMN_DOMAIN,
    COLUMN_MILLISECONDS_LEFT,
    COLUMN_RATE_LIMIT
};

static const statement_t ask_host = {
    .label = "lookup_host",
    .shape = "SISSsss",
    .sql =
        "SELECT 'host', id, name, status, custom_domain, NULL, tenant_rate_limit(id) FROM tenant_by_host(%s)",
};

/* Key and Host in one round trip. */
static const statement_t ask_key = {
    .label = "lookup_key",
    .shape = "SISSsss",
    .sql = "SELECT 'key', id, name, status, custom_domain, milliseconds_left, tenant_rate_limit(id)"
           " FROM tenant_by_key(%s::text[])"
           " UNION ALL SELECT 'host', id, name, status, custom_domain, NULL, tenant_rate_limit(id)"
           " FROM tenant_by_host(%s)",
};

/* What is asked: whose the key is, whose the Host is, or both. */
typedef struct question_t {
    request_rec *r;
    apr_pool_t *pool;   /* of what is found */
    cache_t *cache;     /* NULL: off */
    const char *hashes; /* of the key */
    lookup_t *key;
    lookup_t *host;
    digest_t key_name, host_name; /* in the cache, of what is not done at first */
    apr_time_t key_until;         /* when the key ends by itself, by monotonic_now() */
    const problem_t *problem;
} question_t;

static void search(question_t *question, const digest_t *name, lookup_t *lookup)
{
    if (lookup->is_done)
        return;
    lookup->is_done = cache_find(question->cache, name, &lookup->tenant, question->pool);
    if (lookup->is_done)
        COUNTERS_ADD(cache_hits, 0, 1);
    else
        COUNTERS_ADD(cache_misses, 0, 1);
}

/* Whether the cache knows all that matters. */
static int is_answered(question_t *question)
{
    search(question, &question->key_name, question->key);
    if (question->hashes && question->key->is_done && !question->key->tenant)
        return 1;
    search(question, &question->host_name, question->host);
    return question->key->is_done && question->host->is_done;
}

static const tenant_t *tenant_of_row(rows_t *rows, tenant_via_t via, apr_pool_t *pool)
{
    tenant_t *tenant = apr_pcalloc(pool, sizeof *tenant);

    tenant->id = rows_int(rows, COLUMN_ID);
    tenant->id_text = rows_text(rows, COLUMN_ID);
    tenant->name = tenant_shown_name(rows_text(rows, COLUMN_NAME), pool);
    tenant->domain = rows_text(rows, COLUMN_DOMAIN);
    tenant->rate_limit = rows_text(rows, COLUMN_RATE_LIMIT);
    tenant->is_active = strcmp(rows_text(rows, COLUMN_STATUS), "active") == 0;
    tenant->is_moving = strcmp(rows_text(rows, COLUMN_STATUS), "moving") == 0;
    tenant->has_moved = strcmp(rows_text(rows, COLUMN_STATUS), "moved") == 0;
    tenant->via = via;
    return tenant;
}

/* The Host, unless it can be nobody's: httpd lets bytes through that are no text,
 * with HttpProtocolOptions Unsafe. */
static const char *host_of(const request_rec *r)
{
    return r->hostname && text_is_utf8(r->hostname, strlen(r->hostname)) ? r->hostname : NULL;
}

/* Notes what the database said; who is not in the rows is nobody. asked_at: ahead of the statement. */
static void take_rows(question_t *question, rows_t *rows, apr_time_t asked_at)
{
    apr_pool_t *pool = question->pool;

    question->key->is_done = question->host->is_done = 1;
    for (int n = 0; n < rows_count(rows); n++) {
        const char *left;

        rows_seek(rows, n);
        if (strcmp(rows_text(rows, COLUMN_VIA), "host") == 0) {
            question->host->tenant = tenant_of_row(rows, TENANT_VIA_HOST, pool);
            continue;
        }
        question->key->tenant = tenant_of_row(rows, TENANT_VIA_KEY, pool);
        left = rows_text(rows, COLUMN_MILLISECONDS_LEFT);
        if (left)
            question->key_until = asked_at + apr_time_from_msec(apr_atoi64(left));
    }
}

static const problem_t *ask_database(question_t *question)
{
    request_rec *r = question->r;
    database_t *database = config_server(r->server)->database;
    const char *values[] = {question->hashes, host_of(r)};
    int without_key = question->key->is_done;
    apr_time_t asked_at = monotonic_now();
    const problem_t *problem;
    rows_t *rows;

    if (!database)
        return &problem_misconfigured;
    problem = database_lookup(database, r, without_key ? &ask_host : &ask_key, values + without_key, &rows,
                              question->pool);
    if (!problem)
        take_rows(question, rows, asked_at);
    COUNTERS_ADD(lookups, problem ? LABEL_FAILED : rows_count(rows) ? LABEL_FOUND : LABEL_NOBODY, 1);
    return problem;
}

/* Takes what another request's lookup has brought, for those lookups that are not done. */
static void take_answer(void *mine, const void *theirs)
{
    question_t *question = mine;
    const question_t *answered = theirs;
    apr_pool_t *pool = question->pool;

    question->problem = answered->problem;
    if (!question->key->is_done && answered->key->is_done)
        *question->key = (lookup_t){1, tenant_copy(answered->key->tenant, pool)};
    if (!question->host->is_done && answered->host->is_done)
        *question->host = (lookup_t){1, tenant_copy(answered->host->tenant, pool)};
}

/* The name of what the question leaves to be found out: names are as good as random. */
static digest_t open_name(const question_t *question)
{
    digest_t name = {{0, 0}};

    for (int n = 0; n < 2; n++) {
        if (!question->key->is_done)
            name.words[n] ^= question->key_name.words[n];
        if (!question->host->is_done)
            name.words[n] ^= question->host_name.words[n];
    }
    return name;
}

/* Asks the database, and keeps what was not known. What the cache had told is not kept anew: it may have
 * changed ahead of this moment. */
static void ask_and_keep(question_t *question, generation_t moment)
{
    int keeps_key = !question->key->is_done;
    int keeps_host = !question->host->is_done;

    question->problem = ask_database(question);
    if (!question->problem && keeps_key)
        cache_keep(question->cache, &question->key_name, question->key->tenant, moment, question->key_until);
    if (!question->problem && keeps_host)
        cache_keep(question->cache, &question->host_name, question->host->tenant, moment, APR_INT64_MAX);
}

/* Asks the database, unless another request is just asking the same: then its answer is ours. */
static const problem_t *ask_once(question_t *question, generation_t moment)
{
    flights_t *flights = cache_flights(question->cache);
    digest_t name = open_name(question);
    flight_t flight;

    if (!flight_begin(flights, &flight, &name, moment, take_answer, question, question->pool))
        return question->problem;
    if (!is_answered(question)) /* else somebody has found it out since we looked */
        ask_and_keep(question, moment);
    flight_land(flights, &flight, question);
    return question->problem;
}

/* Asks whose the key is; one that may be wrong counts as such until it is known. */
static const problem_t *ask(question_t *question)
{
    generation_t moment = question->cache ? cache_moment(question->cache) : 0;
    int is_guess = !question->key->is_done;
    const problem_t *problem = is_guess ? guesses_take(question->r) : NULL;

    if (problem)
        return problem;
    problem = moment ? ask_once(question, moment) : ask_database(question);
    if (is_guess && (problem || question->key->tenant))
        guesses_give_back(question->r);
    return problem;
}

/* Finds out what is not done yet. hashes: NULL where only the Host is asked for. */
static const problem_t *answer(request_rec *r, const char *hashes, lookup_t *key, lookup_t *host,
                               apr_pool_t *pool)
{
    question_t question = {
        .r = r,
        .pool = pool,
        .cache = config_server(r->server)->cache,
        .hashes = hashes,
        .key = key,
        .host = host,
        .key_until = APR_INT64_MAX,
    };

    if (!host_of(r))
        host->is_done = 1;
    if (!question.cache)
        return key->is_done && host->is_done ? NULL : ask(&question);
    if (!key->is_done)
        question.key_name = cache_name(question.cache, CACHE_KEY, hashes);
    if (!host->is_done)
        question.host_name = cache_name(question.cache, CACHE_HOST, r->hostname);
    return is_answered(&question) ? NULL : ask(&question);
}

const problem_t *lookup_key(request_rec *r, const char *hashes, lookup_t *key, lookup_t *host,
                            apr_pool_t *pool)
{
    return answer(r, hashes, key, host, pool);
}

const problem_t *lookup_host(request_rec *r, lookup_t *host, apr_pool_t *pool)
{
    lookup_t no_key = {.is_done = 1};

    return answer(r, NULL, &no_key, host, pool);
}
