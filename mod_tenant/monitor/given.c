/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include "../version.h"

typedef void give_fn(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape);

static void give_children(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    exposition_sample(exposition, metric, NULL);
    exposition_integer(exposition, scrape->children);
}

static void give_build(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    (void)scrape;
    exposition_sample(exposition, metric, NULL);
    exposition_label(exposition, "version", TENANT_VERSION);
    exposition_label(exposition, "httpd", AP_SERVER_BASEREVISION);
    exposition_integer(exposition, 1);
}

static give_fn *const given[METRIC_COUNT] = {
    [METRIC_children] = give_children,
    [METRIC_build] = give_build,
};

void given_write(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    given[metric - metrics](exposition, metric, scrape);
}
