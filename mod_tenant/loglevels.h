/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_LOGLEVELS_H
#define TENANT_LOGLEVELS_H

#include <httpd.h>

/* The hook post_config: warns of each module of httpd's that its LogLevel lets write keys or passwords into
 * the error log of a server of ours. We cannot keep it from doing so: it has them ahead of us. */
int loglevels_warn(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers);

#endif
