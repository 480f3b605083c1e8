/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_CONTENTS_H
#define TENANT_TENANTCTL_CONTENTS_H

#include <apr_tables.h>

#include "manifest.h"
#include "ustar.h"

/* An export that is read. Whoever made it may mean ill. */
typedef struct contents_t {
    const char *path;
    int fd; /* closed with the pool */
    apr_pool_t *pool;
    apr_array_header_t *entries; /* of the archive */
    manifest_t manifest;
} contents_t;

/* Opens an export and compares all of it with its manifest: the files that there are, their sizes, lines and
 * hashes. Returns EXIT_…, having said what is wrong. */
int contents_open(contents_t *contents, const char *path, apr_pool_t *pool);

/* Takes a line, without its end; 0 ends the reading. */
typedef int contents_line_fn(void *context, const char *line, apr_size_t length);

/* Hands over each line of a table's file, and compares its hash once more: the file may have been changed
 * since it was opened. Returns EXIT_…, having said what is wrong; EXIT_FAILED too where take ended it. */
int contents_each(const contents_t *contents, const manifest_file_t *file, contents_line_fn *take,
                  void *context);

#endif
