/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <apr_strings.h>
#include <string.h>

#include "../monotonic.h"
#include "table.h"
#include "texts.h"

enum {
    NOBODY_WORDS = 2, /* moment and until */
    USUAL_WORDS = 28, /* a slot of 256 bytes, for texts of up to 160 */
    LONG_WORDS = 178, /* for the longest name, 256 characters of 4 bytes, with the longest domain */
};

/* What part of the size the others have: so many more entries for nobodies, and so many of the tenants may
 * have longer texts than usual. */
enum { NOBODY_SHARE = 4, LONG_SHARE = 8 };

/* What a table keeps. */
typedef union record_t {
    uint64_t words[LONG_WORDS];
    struct {
        generation_t moment; /* ahead of the lookup */
        apr_time_t until;    /* by monotonic_now(); of a nobody that is all */
        tenant_t tenant;
        uint16_t lengths[TENANT_TEXTS]; /* of its texts with their NULs; 0: NULL */
        char texts[];                   /* one behind the other */
    };
} record_t;

struct cache_t {
    cache_settings_t settings;
    const generations_t *generations;
    digest_key_t keys[CACHE_SUBJECTS];
    table_t *usual;
    table_t *lengthy;
    table_t *nobodies;
    flights_t *flights;
};

cache_t *cache_open(const cache_settings_t *settings, const generations_t *generations, apr_pool_t *process)
{
    cache_t *cache = apr_pcalloc(process, sizeof *cache);

    cache->settings = *settings;
    cache->generations = generations;
    for (int subject = 0; subject < CACHE_SUBJECTS; subject++)
        digest_key_make(&cache->keys[subject]);
    cache->usual = table_make(settings->size, USUAL_WORDS, process);
    cache->lengthy = table_make(settings->size / LONG_SHARE, LONG_WORDS, process);
    cache->nobodies = table_make(settings->size / NOBODY_SHARE, NOBODY_WORDS, process);
    cache->flights = flights_make(process);
    return cache->usual && cache->lengthy && cache->nobodies && cache->flights ? cache : NULL;
}

digest_t cache_name(const cache_t *cache, cache_subject_t subject, const char *text)
{
    return digest_make(&cache->keys[subject], text, strlen(text));
}

/* A tenant of its own from a record. */
static const tenant_t *unpack(const record_t *record, apr_pool_t *pool)
{
    apr_size_t length = 0;
    tenant_t *tenant;
    char *text;

    for (int n = 0; n < TENANT_TEXTS; n++)
        length += record->lengths[n];
    tenant = apr_palloc(pool, sizeof *tenant + length);
    text = (char *)(tenant + 1);
    *tenant = record->tenant;
    memcpy(text, record->texts, length);
    for (int n = 0; n < TENANT_TEXTS; n++) {
        *tenant_text(tenant, n) = record->lengths[n] ? text : NULL;
        text += record->lengths[n];
    }
    return tenant;
}

/* Makes a record of a tenant. Returns its length in words; 0: the texts are too long. */
static int pack(record_t *record, const tenant_t *tenant)
{
    apr_size_t used = 0;

    record->tenant = *tenant;
    for (int n = 0; n < TENANT_TEXTS; n++) {
        const char **text = tenant_text(&record->tenant, n);
        apr_size_t length = *text ? strlen(*text) + 1 : 0;

        if (offsetof(record_t, texts) + used + length > sizeof record->words)
            return 0;
        if (length)
            memcpy(record->texts + used, *text, length);
        record->lengths[n] = (uint16_t)length;
        used += length;
        *text = NULL;
    }
    return (int)((offsetof(record_t, texts) + used + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

/* Whether a record says what the database would say. */
static int holds(const cache_t *cache, const record_t *record, int tenant)
{
    return monotonic_now() < record->until &&
           generations_hold(cache->generations, GENERATIONS_TENANTS, tenant, record->moment);
}

static int find_tenant(const cache_t *cache, table_t *table, const digest_t *name, record_t *record)
{
    return table_get(table, name, record->words) && holds(cache, record, record->tenant.id);
}

int cache_find(cache_t *cache, const digest_t *name, const tenant_t **tenant, apr_pool_t *pool)
{
    record_t record;

    *tenant = NULL;
    if (find_tenant(cache, cache->usual, name, &record) ||
        find_tenant(cache, cache->lengthy, name, &record)) {
        *tenant = unpack(&record, pool);
        return 1;
    }
    return table_get(cache->nobodies, name, record.words) && holds(cache, &record, GENERATIONS_ANY_TENANT);
}

generation_t cache_moment(const cache_t *cache)
{
    return generations_now(cache->generations, GENERATIONS_TENANTS);
}

void cache_keep(cache_t *cache, const digest_t *name, const tenant_t *tenant, generation_t moment,
                apr_time_t until)
{
    apr_time_t now = monotonic_now();
    apr_time_t latest = now + (tenant ? cache->settings.ttl : cache->settings.negative);
    record_t record;
    int length = tenant ? pack(&record, tenant) : NOBODY_WORDS;

    record.moment = moment;
    record.until = until < latest ? until : latest;
    if (length == 0 || !holds(cache, &record, tenant ? tenant->id : GENERATIONS_ANY_TENANT))
        return;
    if (!tenant)
        table_put(cache->nobodies, name, record.words, length);
    else
        table_put(length <= USUAL_WORDS ? cache->usual : cache->lengthy, name, record.words, length);
}

flights_t *cache_flights(const cache_t *cache)
{
    return cache->flights;
}
