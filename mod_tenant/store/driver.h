/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_DRIVER_H
#define TENANT_STORE_DRIVER_H

#include <apr_pools.h>

/* Loads apr_dbd's driver for PostgreSQL, once per configuration. Returns NULL, or a sentence that says what
 * is missing. */
const char *driver_load(apr_pool_t *pool);

/* The driver that driver_load() has loaded. */
const struct apr_dbd_driver_t *driver_pgsql(void);

#endif
