/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include <apr_strings.h>

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

static void give_share(exposition_t *exposition, const metric_t *metric, const share_t *share)
{
    char id[16];

    apr_snprintf(id, sizeof id, "%d", share->tenant);
    exposition_sample(exposition, metric, NULL);
    exposition_label(exposition, "tenant", share->tenant ? id : "other");
    exposition_label(exposition, "name", share->name);
    exposition_value(exposition, metric, share->figures[metric - metrics - SHARE_FIRST]);
}

/* Each tenant is read once for all figures. */
static void give_tenants(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    for (int n = 0; n < scrape->tenants; n++)
        give_share(exposition, metric, &scrape->shares[n]);
}

static give_fn *const given[METRIC_COUNT] = {
    [METRIC_children] = give_children,
    [METRIC_build] = give_build,
};

void given_write(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    int is_tenant = metric->kind == METRIC_TENANT || metric->kind == METRIC_TENANT_TIME;
    give_fn *give = is_tenant ? give_tenants : given[metric - metrics];

    give(exposition, metric, scrape);
}
