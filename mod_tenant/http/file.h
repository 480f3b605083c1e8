/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_FILE_H
#define TENANT_HTTP_FILE_H

#include <apr_pools.h>

/* What is the same for everybody, until the configuration is read anew: of these a client may keep a copy, as
 * long as it asks each time whether that is still it. */
typedef struct file_t {
    const char *type; /* the whole Content-Type */
    const char *bytes;
    apr_size_t length;
    const char *tag; /* strong, with its quotes */
} file_t;

/* An entity tag of some bytes. */
const char *file_tag(const char *bytes, apr_size_t length, apr_pool_t *pool);

#endif
