/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_UNGUARDED_H
#define TENANT_UNGUARDED_H

#include <httpd.h>

/* Warns, at APLOG_STARTUP, of each Location with TenantHandler admin that no AuthType of the configuration
 * can apply to: it answers every request by 403. A warning, for a module of somebody else's may know who is
 * asking without AuthType. Reads httpd's tree of directives (ap_conftree). */
void unguarded_warn(server_rec *servers, apr_pool_t *pool);

#endif
