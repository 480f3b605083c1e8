/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_ETAG_H
#define TENANT_HTTP_ETAG_H

#include <apr_tables.h>
#include <stdint.h>

/* Entity tags (RFC 9110 section 8.8.3) of rows, all of them strong: `"VERSION-SALT"`, both in hexadecimal.
 * The version is the row's row_version: a random number that PostgreSQL draws with every write, so that a
 * version is never there twice, wherever the row is copied or moved to. The salt keeps apart what may have
 * the same version and is not the same: another tenant, answers with other members. */

/* Of a single resource whose row does not exist yet. */
#define ETAG_ABSENT "\"0\""

/* The salt of a tenant's rows (0: the administrator's), where shape is resource_sql_t.shape. The same in
 * every process, on every node. */
uint64_t etag_salt(uint64_t shape, int tenant);

/* The tag of a row, with its quotes. version: as PostgreSQL writes it, a bigint. */
const char *etag_make(const char *version, uint64_t salt, apr_pool_t *pool);

/* One tag of a header. */
typedef struct etag_t {
    const char *text; /* what is between the quotes; not NUL-terminated */
    apr_size_t length;
    int is_weak;
} etag_t;

/* The value of If-Match or If-None-Match (RFC 9110 section 13.1). */
typedef struct etag_list_t {
    int is_given;
    int is_any;               /* `*` */
    apr_array_header_t *tags; /* of etag_t; NULL unless the header lists some */
} etag_list_t;

/* How many tags a header may list. */
enum { ETAG_LIST_MAX = 100 };

/* Reads a header's value; NULL: the header is not there. 0: it is neither `*` nor a list of tags. */
int etag_list_parse(etag_list_t *list, const char *header, apr_pool_t *pool);

/* How tags are compared (RFC 9110 section 8.8.3.2). */
typedef enum etag_comparison_t {
    ETAG_STRONG, /* a weak tag equals none: If-Match */
    ETAG_WEAK,   /* it equals one of the same text: If-None-Match */
} etag_comparison_t;

/* Whether a list that is given says `*` or has the tag, which has its quotes. A suffix that a compressing
 * filter adds (`-gzip`, `-br`) makes no difference. */
int etag_list_has(const etag_list_t *list, const char *tag, etag_comparison_t comparison);

/* The tag that a 304 has (RFC 9110 section 15.4.5) where such a list, compared weakly, has the row's tag:
 * with the suffix that the client's copy of the answer has. */
const char *etag_list_spelling(const etag_list_t *list, const char *tag, apr_pool_t *pool);

/* Its versions under a salt, a bigint[] literal, for a statement to compare row_version with; NULL where
 * every version is right: the list is not given, or says `*`. What is no tag of ours is no version. */
const char *etag_list_versions(const etag_list_t *list, uint64_t salt, etag_comparison_t comparison,
                               apr_pool_t *pool);

#endif
