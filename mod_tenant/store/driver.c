/* SPDX-License-Identifier: Apache-2.0 */
#include "driver.h"

#include <apr_dbd.h>

/* Belongs to the process, not to a tenant: the code of apr_dbd_pgsql.so. */
static const apr_dbd_driver_t *pgsql;

const char *driver_load(apr_pool_t *pool)
{
    if (apr_dbd_init(pool) != APR_SUCCESS || apr_dbd_get_driver(pool, "pgsql", &pgsql) != APR_SUCCESS)
        return "apr_dbd has no pgsql driver: install libaprutil1-dbd-pgsql";
    return NULL;
}

const apr_dbd_driver_t *driver_pgsql(void)
{
    return pgsql;
}
