/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STARTUP_H
#define TENANT_STARTUP_H

#include <httpd.h>

/* The hook check_config: refuses what no directive can refuse alone,
 * without a side effect and without a database. */
int startup_check(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers);

/* The hook post_config, as root: defaults, keys, slot files, and a line that says how many connections there
 * may be. */
int startup_finish(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers);

#endif
