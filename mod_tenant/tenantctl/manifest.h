/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_MANIFEST_H
#define TENANT_TENANTCTL_MANIFEST_H

#include <apr_tables.h>
#include <stdint.h>

#define MANIFEST_NAME "manifest.json"
#define MANIFEST_END  ".ndjson" /* of the other files' names, behind that of the table */

enum {
    MANIFEST_FORMAT = 1,
    MANIFEST_MAX = 1024 * 1024,           /* bytes */
    MANIFEST_LINE_MAX = 64 * 1024 * 1024, /* of a row as JSON, in bytes */
};

/* What the manifest says of a table. */
typedef struct manifest_file_t {
    const char *table;
    const char *columns; /* `a,b` */
    int64_t rows;
    int64_t bytes;
    const char *sha256; /* in hex */
} manifest_file_t;

/* What an export holds. */
typedef struct manifest_t {
    const char *schema;      /* the last Sqitch change of the database */
    const char *exported_at; /* RFC 3339 */
    const char *tenant_id;   /* decimal */
    const char *tenant_name;
    int with_passwords;
    const char *left_out;      /* columns, `table.a,table.b`; NULL: none */
    apr_array_header_t *files; /* manifest_file_t */
} manifest_t;

/* The manifest as JSON, NUL-terminated. */
const char *manifest_write(const manifest_t *manifest, apr_pool_t *pool);

/* Reads one. NULL, or what is wrong with it, as a sentence's end. Names are such as portable_is_name() takes;
 * no table and no column is there twice. */
const char *manifest_read(manifest_t *manifest, const char *text, apr_size_t length, apr_pool_t *pool);

/* The file of a table; NULL: there is none. */
const manifest_file_t *manifest_find(const manifest_t *manifest, const char *table);

#endif
