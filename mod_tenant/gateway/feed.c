/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include <apr_strings.h>
#include <util_filter.h>

#define FEED_FILTER "TENANT_GATEWAY_FEED"

typedef struct feed_t {
    const char *bytes; /* NULL: they have been read */
    apr_size_t length;
} feed_t;

static apr_status_t filter_feed(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                apr_read_type_e block, apr_off_t bytes)
{
    apr_bucket_alloc_t *allocator = brigade->bucket_alloc;
    feed_t *feed = filter->ctx;

    (void)block;
    (void)bytes;
    if (mode != AP_MODE_READBYTES)
        return APR_ENOTIMPL;
    if (feed->bytes)
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(feed->bytes, feed->length, filter->r->pool,
                                                                allocator));
    feed->bytes = NULL;
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(allocator));
    return APR_SUCCESS;
}

void feed_set(request_rec *r, const char *bytes, apr_size_t length)
{
    feed_t *feed = apr_palloc(r->pool, sizeof *feed);

    feed->bytes = bytes;
    feed->length = length;
    apr_table_unset(r->headers_in, "Transfer-Encoding");
    apr_table_setn(r->headers_in, "Content-Length", apr_psprintf(r->pool, "%" APR_SIZE_T_FMT, length));
    ap_add_input_filter(FEED_FILTER, feed, r, r->connection);
}

void feed_register(void)
{
    ap_register_input_filter(FEED_FILTER, filter_feed, NULL, AP_FTYPE_CONTENT_SET);
}
