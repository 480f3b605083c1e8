/* SPDX-License-Identifier: Apache-2.0 */
#include "once.h"

#include "../secret/secret.h"

static apr_status_t wipe(void *data)
{
    writer_t *writer = data;

    secret_wipe(writer->text, writer->length);
    return APR_SUCCESS;
}

writer_t *once_writer(api_t *api, apr_size_t size)
{
    writer_t *writer = apr_palloc(api->exchange.r->pool, sizeof *writer);

    writer_init(writer, api->exchange.r->pool, size);
    /* registered ahead of the bucket that will hold the text, so it runs after the bucket is gone */
    apr_pool_cleanup_register(api->exchange.r->pool, writer, wipe, apr_pool_cleanup_null);
    return writer;
}
