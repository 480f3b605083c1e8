/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_BILLFILE_H
#define TENANT_BILLFILE_H

#include <apr_tables.h>

#include "../metrics/usage.h"

/* A file of portions that a database is still to be told (metrics/usage.h), as text:
 *
 *     mod_tenant usage 1
 *     portion MEMORY NUMBER COUNT DIGEST
 *     TENANT DAY REQUESTS ROWS BYTES          COUNT times
 *     end PORTIONS
 *
 * DIGEST is of what follows `portion` up to it, and of the lines. */

typedef struct bill_portion_t {
    int64_t memory, number; /* of usage_add() */
    int count;              /* of lines, from 1 to USAGE_PORTION */
    const usage_line_t *lines;
} bill_portion_t;

enum { BILLFILE_LINES_MAX = 4 * USAGE_TENANTS_MAX }; /* that a file may have */

/* Reads a file's portions, in its order. There is none: *portions is empty. NULL, or what is wrong: part of a
 * sentence, in pool. */
const char *billfile_read(apr_array_header_t **portions, const char *path, apr_pool_t *pool);

/* A file that takes the place of another one once it is complete. */
typedef struct billfile_t billfile_t;

/* Begins to write. NULL: *why is as of billfile_read(). */
billfile_t *billfile_begin(const char *path, const char **why, apr_pool_t *pool);

/* Adds a portion, unless that has failed before. 0: the file has no room for it. */
int billfile_add(billfile_t *file, const bill_portion_t *portion);

/* Ends what was begun: the file is on the disk, of mode 0600, or the former one is as it was, and what is
 * wrong is returned. */
const char *billfile_commit(billfile_t *file);

#endif
