/* SPDX-License-Identifier: Apache-2.0 */
#include "body.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "../secret/secret.h"

APLOG_USE_MODULE(tenant);

enum { READ_SIZE = 16 * 1024, DISCARD_MAX = 64 * 1024 };

typedef struct buffer_t {
    char *bytes;
    apr_size_t length, size;
} buffer_t;

static apr_status_t buffer_wipe(void *data)
{
    buffer_t *buffer = data;

    secret_wipe(buffer->bytes, buffer->length); /* passwords come in bodies */
    return APR_SUCCESS;
}

static void buffer_add(buffer_t *buffer, const char *bytes, apr_size_t length, apr_pool_t *pool)
{
    if (buffer->size - buffer->length < length) {
        char *old = buffer->bytes;

        buffer->size = 2 * buffer->size + length;
        buffer->bytes = apr_palloc(pool, buffer->size);
        memcpy(buffer->bytes, old, buffer->length);
        secret_wipe(old, buffer->length);
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

/* Reads the next part of the body and hands its pieces to buffer, or drops them where buffer is NULL. Counts
 * them in *total. *ended is set at the end. */
static apr_status_t read_part(request_rec *r, apr_bucket_brigade *brigade, buffer_t *buffer, apr_size_t max,
                              apr_size_t *total, int *ended)
{
    apr_status_t rv = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, READ_SIZE);

    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); rv == APR_SUCCESS && b != APR_BRIGADE_SENTINEL(brigade);
         b = APR_BUCKET_NEXT(b)) {
        const char *bytes;
        apr_size_t length;

        if (APR_BUCKET_IS_EOS(b)) {
            *ended = 1;
            break;
        }
        if (APR_BUCKET_IS_METADATA(b))
            continue;
        rv = apr_bucket_read(b, &bytes, &length, APR_BLOCK_READ);
        if (rv != APR_SUCCESS)
            break;
        *total += length;
        if (*total > max)
            *ended = 1;
        else if (buffer)
            buffer_add(buffer, bytes, length, r->pool);
    }
    apr_brigade_cleanup(brigade);
    return rv;
}

const problem_t *body_read(request_rec *r, apr_size_t max, char **bytes, apr_size_t *length, int *answered)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    buffer_t *buffer = apr_pcalloc(r->pool, sizeof *buffer);
    apr_size_t total = 0;
    apr_status_t rv = APR_SUCCESS;
    int ended = 0;

    buffer->size = READ_SIZE;
    buffer->bytes = apr_palloc(r->pool, buffer->size);
    apr_pool_cleanup_register(r->pool, buffer, buffer_wipe, apr_pool_cleanup_null);
    while (!ended && rv == APR_SUCCESS)
        rv = read_part(r, brigade, buffer, max, &total, &ended);
    *answered = rv == AP_FILTER_ERROR;
    if (rv != APR_SUCCESS) {
        int status = ap_map_http_request_error(rv, HTTP_BAD_REQUEST);

        ap_log_rerror(APLOG_MARK, APLOG_INFO, rv, r, "the body cannot be read");
        if (APR_STATUS_IS_TIMEUP(rv))
            status = HTTP_REQUEST_TIME_OUT;
        r->connection->keepalive = AP_CONN_CLOSE; /* and body_discard() shall not wait a second time */
        return problem_of_status(status);
    }
    if (total > max)
        return &problem_body_too_large;
    *bytes = buffer->bytes;
    *length = buffer->length;
    return NULL;
}

int body_discard(request_rec *r)
{
    const char *announced = apr_table_get(r->headers_in, "Content-Length");
    apr_bucket_brigade *brigade;
    apr_size_t total = 0;
    apr_status_t rv = APR_SUCCESS;
    int ended = 0;

    if (!ap_request_has_body(r) || r->connection->keepalive == AP_CONN_CLOSE)
        return OK;
    /* who waits for 100 Continue has sent nothing yet, and will not once it sees the final status */
    if (r->expecting_100 || (announced && apr_atoi64(announced) > DISCARD_MAX)) {
        r->connection->keepalive = AP_CONN_CLOSE;
        return OK;
    }
    brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (!ended && rv == APR_SUCCESS)
        rv = read_part(r, brigade, NULL, DISCARD_MAX, &total, &ended);
    if (rv != APR_SUCCESS || total > DISCARD_MAX)
        r->connection->keepalive = AP_CONN_CLOSE;
    return rv == AP_FILTER_ERROR ? AP_FILTER_ERROR : OK;
}
