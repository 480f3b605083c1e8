/* SPDX-License-Identifier: Apache-2.0 */
#include "injection.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>
#include <util_filter.h>

#include "../config.h"
#include "../secret/secret.h"

#define INJECTION_FILTER "TENANT_GATEWAY_INJECTION"

/* What a mark begins with; 128 random bits follow, as hex digits, so that no client can send one. */
#define MARK "mod_tenant_mark_"

enum { RANDOM_BYTES = 16, MARK_LENGTH = sizeof MARK - 1 + 2 * RANDOM_BYTES };

typedef struct injection_t {
    injections_t *all;
    struct injection_t *next;
    char mark[MARK_LENGTH + 1];
    char *secret;     /* NULL: it is over */
    apr_pool_t *pool; /* the request's */
    apr_size_t length;
} injection_t;

struct injections_t {
    apr_thread_mutex_t *mutex;
    injection_t *first; /* as many as requests under way */
};

injections_t *injection_make(apr_pool_t *process)
{
    injections_t *injections = apr_pcalloc(process, sizeof *injections);

    return apr_thread_mutex_create(&injections->mutex, APR_THREAD_MUTEX_UNNESTED, process) == APR_SUCCESS
               ? injections
               : NULL;
}

static void make_mark(char *mark)
{
    unsigned char bytes[RANDOM_BYTES];

    if (apr_generate_random_bytes(bytes, sizeof bytes) != APR_SUCCESS)
        abort(); /* the kernel has none */
    apr_escape_hex(strcpy(mark, MARK) + sizeof MARK - 1, bytes, sizeof bytes, 0, NULL);
}

/* Where the list points to the injection of a mark; to NULL where there is none. The caller has the lock. */
static injection_t **place_of(injections_t *injections, const char *mark)
{
    injection_t **place = &injections->first;

    while (*place && memcmp((*place)->mark, mark, MARK_LENGTH) != 0)
        place = &(*place)->next;
    return place;
}

/* Changes where the list points to. The caller has the lock, which filter_output() does without. */
static void point(injection_t **place, injection_t *injection)
{
    __atomic_store_n(place, injection, __ATOMIC_RELAXED);
}

static void wipe(injection_t *injection)
{
    if (injection->secret)
        secret_wipe(injection->secret, injection->length);
    injection->secret = NULL;
}

static apr_status_t end_with_pool(void *data);

void injection_end(injections_t *injections, const char *mark)
{
    injection_t *injection, **place;

    apr_thread_mutex_lock(injections->mutex);
    place = place_of(injections, mark);
    injection = *place;
    if (injection) {
        wipe(injection);
        point(place, injection->next);
    }
    apr_thread_mutex_unlock(injections->mutex);
    if (injection) /* the request may outlive the child's list, while a slow client reads its answer */
        apr_pool_cleanup_kill(injection->pool, injection, end_with_pool);
}

static apr_status_t end_with_pool(void *data)
{
    injection_t *injection = data;

    injection_end(injection->all, injection->mark);
    return APR_SUCCESS;
}

const char *injection_begin(injections_t *injections, request_rec *r, char *secret)
{
    injection_t *injection = apr_pcalloc(r->pool, sizeof *injection);

    make_mark(injection->mark);
    injection->all = injections;
    injection->pool = r->pool;
    injection->secret = secret;
    injection->length = strlen(secret);
    apr_thread_mutex_lock(injections->mutex);
    injection->next = injections->first;
    point(&injections->first, injection);
    apr_thread_mutex_unlock(injections->mutex);
    apr_pool_cleanup_register(r->pool, injection, end_with_pool, apr_pool_cleanup_null);
    return injection->mark;
}

/* The injection whose mark stands there; it is that of the request that this thread sends, so it stays. */
static const injection_t *find(injections_t *injections, const char *mark)
{
    const injection_t *injection;

    apr_thread_mutex_lock(injections->mutex);
    injection = *place_of(injections, mark);
    apr_thread_mutex_unlock(injections->mutex);
    return injection;
}

/* Puts secrets in the place of the marks that stand in a bucket. */
static apr_status_t inject(apr_bucket *bucket, injections_t *injections, apr_bucket_alloc_t *allocator)
{
    const char *bytes, *mark;
    apr_size_t length;
    apr_status_t rv = apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ);
    const char *from = bytes;

    while (rv == APR_SUCCESS &&
           (mark = memmem(from, length - (apr_size_t)(from - bytes), MARK, sizeof MARK - 1)) &&
           (apr_size_t)(bytes + length - mark) >= MARK_LENGTH) {
        const injection_t *injection = find(injections, mark);

        from = mark + 1;
        if (!injection)
            continue;
        rv = apr_bucket_split(bucket, (apr_size_t)(mark - bytes));
        if (rv == APR_SUCCESS)
            rv = apr_bucket_split(APR_BUCKET_NEXT(bucket), MARK_LENGTH);
        if (rv != APR_SUCCESS)
            break;
        bucket = APR_BUCKET_NEXT(bucket);
        APR_BUCKET_INSERT_BEFORE(bucket, apr_bucket_transient_create(injection->secret, injection->length,
                                                                     allocator));
        apr_bucket_delete(bucket);
        break; /* a request has one */
    }
    return rv;
}

/* mod_ssl encrypts what it is given before it returns, and keeps nothing of it. */
static apr_status_t filter_output(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    injections_t *injections = config_server(filter->c->base_server)->injections;
    apr_bucket *next;

    /* the own one, if this is a request of a gateway's, is there since before */
    if (!__atomic_load_n(&injections->first, __ATOMIC_RELAXED))
        return ap_pass_brigade(filter->next, brigade);
    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade); b = next) {
        apr_status_t rv = APR_SUCCESS;

        next = APR_BUCKET_NEXT(b);
        if (!APR_BUCKET_IS_METADATA(b))
            rv = inject(b, injections, filter->c->bucket_alloc);
        if (rv != APR_SUCCESS)
            return rv;
    }
    return ap_pass_brigade(filter->next, brigade);
}

int injection_connect(conn_rec *connection, void *socket)
{
    (void)socket;
    if (connection->outgoing && config_server(connection->base_server)->injections)
        ap_add_output_filter(INJECTION_FILTER, NULL, NULL, connection);
    return OK;
}

void injection_register(void)
{
    /* mod_ssl's own filter has this type, and is added later: ours comes ahead of it, behind all others */
    ap_register_output_filter(INJECTION_FILTER, filter_output, NULL, AP_FTYPE_CONNECTION + 5);
}
