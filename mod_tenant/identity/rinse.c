/* SPDX-License-Identifier: Apache-2.0 */

/* What this rests on, in httpd 2.4. A header is read by ap_rgetline(), as a brigade of one line. Its buckets
 * are parts of what one read() brought; apr_brigade_split_line() has cut them off, so that nobody else is to
 * see these bytes again, while the buffer may well hold the rest of the request, or the next one. So the line
 * goes on as a copy that is wiped when its reader lets it go, and is wiped in the buffer at once. */

#include "rinse.h"

#include <http_connection.h>
#include <util_filter.h>

#include "../secret/secret.h"

#define INPUT_FILTER "TENANT_RINSE"

static ap_filter_rec_t *input_filter;

/* A line's copy, whose bytes follow. */
typedef struct line_t {
    apr_size_t length;
} line_t;

static void free_line(void *bytes)
{
    line_t *line = (line_t *)bytes - 1;

    secret_wipe(bytes, line->length);
    apr_bucket_free(line);
}

/* Whether a bucket's bytes are in memory that APR has allocated for them, and may be written to. */
static int is_buffer(const apr_bucket *bucket)
{
    return APR_BUCKET_IS_HEAP(bucket) &&
           ((const apr_bucket_heap *)bucket->data)->free_func == apr_bucket_free;
}

static void replace(apr_bucket *bucket)
{
    char *bytes = ((apr_bucket_heap *)bucket->data)->base + bucket->start;
    line_t *line = apr_bucket_alloc(sizeof *line + bucket->length, bucket->list);
    char *copy = memcpy(line + 1, bytes, bucket->length);

    line->length = bucket->length;
    APR_BUCKET_INSERT_BEFORE(bucket, apr_bucket_heap_create(copy, line->length, free_line, bucket->list));
    secret_wipe(bytes, bucket->length);
    apr_bucket_delete(bucket);
}

/* Whether a line may have a key or a password. */
static int is_secret(apr_bucket_brigade *line)
{
    static const char *const names[] = {"Authorization:", "X-API-Key:"};
    const apr_bucket *first = APR_BRIGADE_FIRST(line);
    char begin[sizeof "Authorization:"];
    apr_size_t length = sizeof begin - 1;

    if (first == APR_BRIGADE_SENTINEL(line) || !is_buffer(first) ||
        apr_brigade_flatten(line, begin, &length) != APR_SUCCESS)
        return 0;
    begin[length] = '\0';
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        if (strncasecmp(begin, names[n], strlen(names[n])) == 0)
            return 1;
    }
    return 0;
}

static apr_status_t filter_input(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                 apr_read_type_e block, apr_off_t bytes)
{
    int is_line = mode == AP_MODE_GETLINE && APR_BRIGADE_EMPTY(brigade);
    apr_status_t status = ap_get_brigade(filter->next, brigade, mode, block, bytes);

    if (status != APR_SUCCESS || !is_line || !is_secret(brigade))
        return status;
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade), *next; bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = next) {
        next = APR_BUCKET_NEXT(bucket);
        if (is_buffer(bucket))
            replace(bucket);
    }
    return status;
}

int rinse_connection(conn_rec *connection, void *socket)
{
    (void)socket;
    if (!connection->master)
        ap_add_input_filter_handle(input_filter, NULL, NULL, connection);
    return OK;
}

void rinse_register(void)
{
    /* nearer to the reader than who puts lines together or holds them back */
    input_filter = ap_register_input_filter(INPUT_FILTER, filter_input, NULL, AP_FTYPE_CONNECTION);
}
