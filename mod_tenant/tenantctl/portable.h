/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_PORTABLE_H
#define TENANT_TENANTCTL_PORTABLE_H

#include <apr_tables.h>

#include "session.h"

/* A table whose rows an export holds. All names consist of a-z, 0-9 and _. */
typedef struct portable_table_t {
    const char *name;
    const char *key;      /* the column that says whose a row is */
    const char *columns;  /* that go, `a,b`; NULL: none */
    const char *left_out; /* columns that do not, `table.a,table.b`; NULL: none */
    const char *order;    /* of the rows, `a,b`; NULL: none */
    const char *sequence; /* what new ids come from; NULL: ids are kept, or there are none */
    const char *uniques;  /* what no two tenants may have, `a;b,c`; NULL: none */
    const char *refers;   /* columns that hold ids of others, `a=table,b=table`; NULL: none */
    const char *after;    /* tables whose rows must be there first, `a,b`; NULL: none */
    int is_referred_to;   /* by ids */
} portable_table_t;

/* Reads the tables, as portable_table_t: tenants first, and each behind those that it comes after. Returns
 * EXIT_…, having said what is wrong. */
int portable_read(apr_array_header_t **tables, const session_t *session, int with_passwords);

/* The table of that name; NULL: there is none. */
const portable_table_t *portable_find(const apr_array_header_t *tables, const char *name);

/* Whether a list `a,b` has a name; the list may be NULL. */
int portable_has(const char *list, const char *name);

/* Whether it can be the name of a table or column here. */
int portable_is_name(const char *text);

/* A list `a,b` as SQL: each name behind prefix and in double quotes. */
const char *portable_quote(const char *list, const char *prefix, apr_pool_t *pool);

/* A list `a,b` cut at its commas, or at another character: const char *. */
apr_array_header_t *portable_split(const char *list, char at, apr_pool_t *pool);

/* The tables to erase, as const char *, each ahead of those that it refers to. Returns EXIT_…. */
int portable_erased(apr_array_header_t **tables, const session_t *session);

#endif
