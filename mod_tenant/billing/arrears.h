/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_ARREARS_H
#define TENANT_ARREARS_H

#include <httpd.h>

#include "billfile.h"

/* What a database could not be told of an account (metrics/usage.h): the server's parent keeps it in a file
 * when the server ends, and each time that telling has failed, lest a power cut takes it. The next server's
 * children tell it, ahead of what they have counted. */
typedef struct arrears_t arrears_t;

/* Called by the parent: reads what a former server has left. A file that cannot be read is put aside; the log
 * says so. keep: as of usage_settings_t. conninfo: of the database, as given: it names the file. main: to log
 * for; its first port names the file, too. It ends with pool. NULL: there is no shared memory. */
arrears_t *arrears_open(usage_t *usage, const char *keep, const char *conninfo, const server_rec *main,
                        apr_pool_t *pool);

/* Called by the parent behind that, for accounts of earlier generations that no server has any more, as a
 * reload has brought another TenantDatabase: what their children could not tell is kept when the server
 * ends. */
void arrears_open_former(const server_rec *servers, apr_pool_t *pool);

/* The portion that comes next; NULL: all are told. By who has begun to tell the account (usage_begin()). */
const bill_portion_t *arrears_next(const arrears_t *arrears);
void arrears_told(arrears_t *arrears);

/* The hook of the parent: keeps what could not be told, and removes the file once all is told. */
int arrears_watch(apr_pool_t *pool, server_rec *servers);

#endif
