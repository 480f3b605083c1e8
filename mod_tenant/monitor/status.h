/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_MONITOR_STATUS_H
#define TENANT_MONITOR_STATUS_H

#include <httpd.h>

/* mod_status's hook status_hook: the figures in short, each as the sum over its labels. In ?auto a line
 * `mod_tenant_requests_total: 17` for each, otherwise a table. flags: AP_STATUS_…. */
int status_tell(request_rec *r, int flags);

#endif
