/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SQL_H
#define TENANT_RESOURCE_SQL_H

#include <stdint.h>

#include "named.h"
#include "resource.h"

/* The statements of one resource, made from its table entry. Each names the tenant twice, whatever row-level
 * security does besides: it sets the tenant's context, and its predicate asks for the tenant's rows. Reads
 * and lists set the context themselves, ahead of the scan, in LIMIT (sql_select()); inserts in the new row's
 * own tenant_id, ahead of the check of that row, which takes it whole. Updates, upserts and deletes want it
 * set in their transaction (database_change()). What the audit tells of says who asks as well (SQL_ORIGIN).
 * The administrator's resources name no tenant. Where a row comes back, from all but lists and remove, its
 * version is the last column. */
typedef struct resource_sql_t {
    named_t read;
    named_t read_many; /* statement_t.many of read; of a resource whose ids are texts: none */
    named_t read_by_key;
    named_t create;
    named_t create_once, created; /* sql_create.h */
    /* Each of these by whether it stores a password: the module may not read the old one, not even to keep
     * it. */
    named_t update[2];
    named_t update_by_key[2];
    named_t upsert[2]; /* of a single resource that is no profile */
    named_t remove;    /* returns a row where there was one */
    named_t remove_by_key;

    uint64_t shape;     /* stands for the members of an answer */
    int version_column; /* where a row has its version, from 0 */
} resource_sql_t;

/* Makes the statements of every resource; called once at start, in the configuration's pool. */
void sql_build(apr_pool_t *pool);

/* The statements of a resource. */
const resource_sql_t *sql_of(const resource_t *resource);

/* Calls visit for each statement but those of lists, for tests that look at all of them. */
typedef void sql_visit_fn(const resource_t *resource, const named_t *named);
void sql_each(sql_visit_fn *visit);

#endif
