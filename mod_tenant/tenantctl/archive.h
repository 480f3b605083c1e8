/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_ARCHIVE_H
#define TENANT_TENANTCTL_ARCHIVE_H

#include <apr_pools.h>
#include <stdint.h>

/* A tar archive that is being written, which nobody sees under its name before it is whole. Where something
 * fails, the rest does nothing, and archive_finish() says what it was. */
typedef struct archive_t archive_t;

/* Begins one at path; `-` is standard output. It is a file of mode 0600 beside the path, which goes with the
 * pool unless it is finished. Returns EXIT_…, having said why not: a file of that name is never replaced. */
int archive_create(archive_t **archive, const char *path, apr_pool_t *pool);

/* Begins a file of exactly so many bytes. */
void archive_begin(archive_t *archive, const char *name, int64_t size);

/* Adds bytes to the file that was begun last. 0: something has failed. */
int archive_add(archive_t *archive, const char *bytes, apr_size_t length);

/* Ends the file. Returns its SHA-256, in hex, in the archive's pool. A file that has become longer or shorter
 * than its size fails the archive. */
const char *archive_end(archive_t *archive);

/* Ends the archive, brings it to the disk, and gives it its name. Returns EXIT_…, having said what failed. */
int archive_finish(archive_t *archive);

/* Whether something has failed. */
int archive_has_failed(const archive_t *archive);

#endif
