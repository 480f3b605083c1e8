/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_SHA256_H
#define TENANT_SECRET_SHA256_H

#include <apr_pools.h>

/* A SHA-256 (FIPS 180-4) of bytes that come piece by piece. */
typedef struct sha256_t sha256_t;

/* One over no bytes yet, in pool. */
sha256_t *sha256_make(apr_pool_t *pool);

void sha256_add(sha256_t *sha256, const void *bytes, apr_size_t length);

/* 64 lower-case hex digits, in the pool it was made in. Nothing can be added afterwards. */
const char *sha256_end(sha256_t *sha256);

#endif
