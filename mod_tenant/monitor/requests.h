/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_MONITOR_REQUESTS_H
#define TENANT_MONITOR_REQUESTS_H

#include <httpd.h>

/* The hook log_transaction: counts a request to a Location of ours that has been answered, whoever did. */
int requests_count(request_rec *r);

#endif
