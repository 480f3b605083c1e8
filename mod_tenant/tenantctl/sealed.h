/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_SEALED_H
#define TENANT_TENANTCTL_SEALED_H

#include "../secret/seal.h"
#include "../store/console.h"

/* A column that holds sealed values: each FIELD_SECRET of the API's resources, and the Twilio auth token that
 * is being replaced. */
typedef struct sealed_column_t {
    const char *table;
    const char *tenant_column; /* of the row's tenant */
    const char *name;
    const char *place; /* the column that its envelopes are sealed for */
    const char *holds; /* SQL condition of the values that count, or NULL */
} sealed_column_t;

/* One value of it, not NULL. */
typedef struct sealed_value_t {
    const char *row; /* its id */
    int tenant_id;
    const char *version; /* of the row */
    const char *text;    /* what is stored */
    int has_moved;       /* the tenant, to another database: what is left of it here nobody may change */
} sealed_value_t;

/* The columns; ended by a NULL table. */
const sealed_column_t *sealed_columns(apr_pool_t *pool);

/* The place of one of its values. */
seal_place_t sealed_place(const sealed_column_t *column, const sealed_value_t *value);

/* Calls visit for every value, in the order of the rows' ids, holding no transaction. Each call has a pool of
 * its own. Returns 1; 0 after a failure of the database, or when visit returned 0. */
typedef int sealed_visit_fn(void *context, const sealed_column_t *column, const sealed_value_t *value,
                            apr_pool_t *pool);
int sealed_each(console_t *database, const sealed_column_t *column, sealed_visit_fn *visit, void *context,
                apr_pool_t *pool);

/* Reads one row's value again. 1: *value is it; 0: it is NULL, or the row is gone;
 * -1: the database failed. */
int sealed_again(sealed_value_t *value, console_t *database, const sealed_column_t *column, const char *row,
                 apr_pool_t *pool);

#endif
