/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_INFLOW_H
#define TENANT_TENANTCTL_INFLOW_H

#include "contents.h"
#include "portable.h"
#include "session.h"

/* Rows of an export on their way into a database, in a transaction that is open. */
typedef struct inflow_t {
    const session_t *session;
    const contents_t *contents;
    const apr_array_header_t *tables; /* portable_table_t, of the database */
    const char *tenant;               /* its id here */
    const char *map;                  /* the table of old and new ids; NULL: none is needed */
    int64_t taken;                    /* values that other tenants have already */
} inflow_t;

/* Whether the database has the tables and columns that the export is of, and may store them. Returns EXIT_…,
 * having said what it lacks. */
int inflow_check(const inflow_t *inflow);

/* Stores the rows of all tables but tenants. Returns EXIT_…, having said what failed: each value that is
 * another tenant's is named. Lines of the audit keep all but their ids, and one more says which they are. */
int inflow_run(inflow_t *inflow);

#endif
