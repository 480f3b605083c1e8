/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_REFERENCE_H
#define TENANT_API_REFERENCE_H

#include <apr_hash.h>
#include <apr_tables.h>

#include "api.h"

/* The page that shows people the API, and the files of its viewer (TenantReference). All of them are read at
 * start, so that no request can name another file, and none depends on what happens to them later. */

/* A file of the viewer. */
typedef struct reference_file_t {
    const char *name; /* in the folder, and in the path */
    const char *type; /* its media type */
    const char *bytes;
    apr_size_t length;
    const char *tag; /* of the bytes (file.h) */
} reference_file_t;

/* Makes what TenantReference stands for: the folder, without its files yet. */
struct reference_t *reference_make(const char *folder, apr_pool_t *pool);

/* Reads the files of each of these (struct reference_t *), those of a folder once. Returns NULL, or a
 * sentence that names the file. known holds what has been read, by folder. Both in pool. */
const char *reference_load(const apr_array_header_t *references, apr_hash_t *known, apr_pool_t *pool);

/* The file of a name, or NULL; references may be NULL. */
const reference_file_t *reference_find(const struct reference_t *reference, const char *name);

/* Answers the base path with the page. */
const problem_t *reference_answer_page(api_t *api);

/* Answers with the file that the route names. problem_precondition_failed. */
const problem_t *reference_answer_file(api_t *api);

#endif
