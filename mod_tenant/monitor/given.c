/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include <apr_strings.h>
#include <http_main.h>

#include "../config.h"
#include "../monotonic.h"
#include "../secret/keyring.h"
#include "../store/freshness.h"
#include "../version.h"

/* A server with more databases than that tells of the first ones. */
enum { LISTENERS_MAX = 256 };

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

/* Writes a sample for each database whose changes are heard, or are not. */
static void give_listeners(exposition_t *exposition, const metric_t *metric, int is_lag)
{
    const generations_t *seen[LISTENERS_MAX];
    int count = 0;

    for (const server_rec *server = ap_server_conf; server && count < LISTENERS_MAX; server = server->next) {
        const generations_t *generations = config_server(server)->generations;
        char number[16];
        apr_time_t proven;
        int is_heard;
        int n = 0;

        seen[count] = generations;
        while (seen[n] != generations)
            n++;
        if (!generations || n < count)
            continue;
        proven = generations_proven(generations, &is_heard);
        apr_snprintf(number, sizeof number, "%d", ++count);
        if (is_lag && !proven)
            continue;
        exposition_sample(exposition, metric, NULL);
        exposition_label(exposition, "database", number);
        if (is_lag)
            exposition_seconds(exposition, monotonic_now() - proven);
        else
            exposition_integer(exposition, is_heard);
    }
}

static void give_listener_up(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    (void)scrape;
    give_listeners(exposition, metric, 0);
}

static void give_listener_lag(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    (void)scrape;
    give_listeners(exposition, metric, 1);
}

/* Whether a server's reader is that of another one ahead of it. */
static int is_told(const server_rec *server)
{
    const server_rec *other = ap_server_conf;

    while (config_server(other)->freshness != config_server(server)->freshness)
        other = other->next;
    return other != server;
}

/* Writes a sample for each reader. How far one is behind may not be known. */
static void give_readers(exposition_t *exposition, const metric_t *metric, int is_lag)
{
    int count = 0;

    for (const server_rec *server = ap_server_conf; server; server = server->next) {
        const server_config_t *config = config_server(server);
        apr_time_t fresh = config->freshness ? freshness_look(config->freshness).fresh : 0;
        apr_interval_time_t lag = monotonic_now() - fresh;
        char number[16];

        if (!config->freshness || is_told(server))
            continue;
        apr_snprintf(number, sizeof number, "%d", ++count);
        if (is_lag && !fresh)
            continue;
        exposition_sample(exposition, metric, NULL);
        exposition_label(exposition, "database", number);
        if (is_lag)
            exposition_seconds(exposition, lag);
        else
            exposition_integer(exposition, fresh && lag <= config->lag);
    }
}

static void give_reader_up(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    (void)scrape;
    give_readers(exposition, metric, 0);
}

static void give_reader_lag(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    (void)scrape;
    give_readers(exposition, metric, 1);
}

static void give_password_slots(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    exposition_sample(exposition, metric, NULL);
    exposition_integer(exposition, config_server(scrape->r->server)->password_slots);
}

static void give_key(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    const keyring_t *ring = config_server(scrape->r->server)->keyring;
    const keyring_key_t *key;

    for (int n = 0; ring && (key = keyring_any(ring, n)) != NULL; n++) {
        char id[16];

        apr_snprintf(id, sizeof id, "%u", key->id);
        exposition_sample(exposition, metric, NULL);
        exposition_label(exposition, "purpose", keyname_word(key->purpose));
        exposition_label(exposition, "id", id);
        exposition_label(exposition, "primary", key->primary ? "yes" : "no");
        exposition_integer(exposition, 1);
    }
}

/* Of each row of the table who gives it: give_IDENTIFIER(), or NULL where it is counted. */
#define GIVE_COUNTER(identifier)
#define GIVE_TIME(identifier)
#define GIVE_GAUGE(identifier)
#define GIVE_HISTOGRAM(identifier)
#define GIVE_GIVEN(identifier)       [METRIC_##identifier] = give_##identifier,
#define GIVE_INFO(identifier)        GIVE_GIVEN(identifier)
#define GIVE_TENANT(identifier)      [METRIC_##identifier] = give_tenants,
#define GIVE_TENANT_TIME(identifier) GIVE_TENANT(identifier)
#define GIVE(identifier, kind, ...)  GIVE_##kind(identifier)
static give_fn *const given[METRIC_COUNT] = {METRICS(GIVE)};

void given_write(exposition_t *exposition, const metric_t *metric, const scrape_t *scrape)
{
    given[metric - metrics](exposition, metric, scrape);
}
