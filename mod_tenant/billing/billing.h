/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_BILLING_H
#define TENANT_BILLING_H

#include <httpd.h>

#include "../metrics/usage.h"

/* Tells a database what its tenants have used, for bills: the lines of an account (metrics/usage.h) become
 * those of the table `usage`. What the database does not take is kept, and told later. */
typedef struct billing_t {
    usage_t *usage;
    struct arrears_t *arrears; /* what an earlier server has left */
    apr_interval_time_t flush; /* how often */
    const char *conninfo;      /* complete */
    const server_rec *server;  /* to log for */
} billing_t;

/* The account of a database, or a new one, in *usage. database: what it is known by from one reload to the
 * next (conninfo_name()). NULL, or why there is none: a sentence in pool. */
const char *billing_open(usage_t **usage, const char *database, const usage_settings_t *settings,
                         server_rec *server, apr_pool_t *pool);

/* Tells what there is, if it is this child's turn, and has the database count the rows of tenants. wake: a
 * descriptor; readable: return. */
void billing_tell(const billing_t *billing, int wake);

/* At the end of the last child: tells what there is, within a few seconds. */
void billing_finish(const billing_t *billing);

#endif
