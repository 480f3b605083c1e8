/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_FILE_H
#define TENANT_API_FILE_H

#include "api.h"

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

/* Answers GET with a file, or with 304. problem_precondition_failed. */
const problem_t *file_answer(api_t *api, const file_t *file);

#endif
