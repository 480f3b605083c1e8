/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_SURVEYOR_H
#define TENANT_STORE_SURVEYOR_H

#include <httpd.h>

#include "freshness.h"
#include "timelines.h"

/* Finds out how fresh a reader is. What the primary says of its log at a time T bounds all that was committed
 * until then; once the reader has replayed as much of that same log, all of it can be seen there. So no clock
 * of a server matters, nor when it last replayed something, and a primary that nobody writes to has a fresh
 * reader. A standby tells of its timeline with its last restart point alone: behind a failover its reads
 * begin again with the next one. */
typedef struct surveyor_settings_t {
    const char *primary;     /* complete; what writes go by */
    const char *reader;      /* complete; leads to PostgreSQL itself */
    lineage_t lineage;       /* what the primary is held against */
    apr_interval_time_t lag; /* a reader that is further behind is not used */
    freshness_t *freshness;  /* where it is written */
} surveyor_settings_t;

/* Starts it: a thread that ends with the process's pool. Each child has one, and one child at a time has the
 * two connections. server is what is logged to. Called after the fork. 0: it cannot be started. */
int surveyor_start(const surveyor_settings_t *settings, server_rec *server, apr_pool_t *process);

#endif
