/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SQL_H
#define TENANT_RESOURCE_SQL_H

#include <stdint.h>

#include "resource.h"

/* The statements of one resource, made from its table entry. Each names the tenant twice, whatever row-level
 * security does besides: it sets the tenant's context, and its predicate asks for the tenant's rows. In the
 * comments t is the tenant's id. Reads and lists set the context themselves, ahead of the scan, in LIMIT
 * (sql_select()); inserts in the new row's own tenant_id, ahead of the check of that row, which takes it
 * whole. Updates, upserts and deletes want it set in their transaction (database_change()). The
 * administrator's resources take no t anywhere, and their create takes id and key hash in its place. Where a
 * row comes back, from all but lists and remove, its version is the last column. In the comments "versions"
 * are two xid[] literals: the version has to be in the first and must not be in the second; NULL asks for
 * nothing. */
typedef struct resource_sql_t {
    statement_t read;        /* t, id, t; of a single resource: t, t */
    statement_t read_many;   /* several t, several ids; of a single resource: several t; of one whose ids are
                                texts: none */
    statement_t read_by_key; /* t, key, t */
    statement_t create;      /* t, a value for each creatable field */
    statement_t
        create_once;     /* t, request, fingerprint, lock, a value for each creatable field (sql_create.h) */
    statement_t created; /* t, request */
    /* Each of these by whether it stores a password: the module may not read the old one, not even to keep
     * it. */
    statement_t update[2];        /* for each updatable field whether it is given and its value (of a password
                                     its value alone where it is stored, else nothing), t, id (of a single
                                     resource: t), versions */
    statement_t update_by_key[2]; /* the same with the key for the id */
    statement_t upsert[2];        /* of a single resource that is no profile: t, a value for each updatable
                                     field, then those of update's fields, versions */
    statement_t remove;           /* t, id, versions; returns a row where there was one */
    statement_t remove_by_key;    /* t, key, versions */

    uint64_t shape;     /* stands for the members of an answer */
    int version_column; /* where a row has its version, from 0 */
} resource_sql_t;

/* How many values a statement takes at most. */
enum { SQL_VALUES_MAX = 2 * RESOURCE_FIELDS_MAX + 8 };

/* Makes the statements of every resource; called once at start, in the configuration's pool. */
void sql_build(apr_pool_t *pool);

/* The statements of a resource. */
const resource_sql_t *sql_of(const resource_t *resource);

/* Calls visit for each statement but those of lists, for tests that look at all of them. */
typedef void sql_visit_fn(const resource_t *resource, const statement_t *statement);
void sql_each(sql_visit_fn *visit);

#endif
