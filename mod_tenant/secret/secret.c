/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <sodium.h>

void secret_wipe(void *bytes, apr_size_t length)
{
    sodium_memzero(bytes, length);
}

typedef struct span_t {
    void *bytes;
    apr_size_t size;
} span_t;

static apr_status_t wipe(void *data)
{
    const span_t *span = data;

    secret_wipe(span->bytes, span->size);
    return APR_SUCCESS;
}

void *secret_alloc(apr_size_t size, apr_pool_t *pool)
{
    span_t *span = apr_palloc(pool, sizeof *span);

    span->bytes = apr_pcalloc(pool, size);
    span->size = size;
    apr_pool_cleanup_register(pool, span, wipe, apr_pool_cleanup_null);
    return span->bytes;
}
