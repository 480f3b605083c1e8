/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_MONITOR_GIVEN_H
#define TENANT_MONITOR_GIVEN_H

#include <httpd.h>

#include "../metrics/share.h"
#include "exposition.h"

/* What is found out for a scrape. */
typedef struct scrape_t {
    request_rec *r;
    int children;
    const share_t *shares; /* of tenants, those of all others behind them */
    int tenants;           /* how many that are */
} scrape_t;

/* Writes the samples of a metric that is not counted (GIVEN, INFO). */
void given_write(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape);

#endif
