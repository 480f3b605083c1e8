/* SPDX-License-Identifier: Apache-2.0 */
#include "recall.h"

#include <apr_strings.h>
#include <string.h>

#include "../identity/table.h"
#include "../monotonic.h"

enum { WORDS = 128 }; /* an account's usual texts, sealed, have half of it */

typedef union record_t {
    uint64_t words[WORDS];
    struct {
        generation_t moment;            /* ahead of the lookup */
        apr_time_t until;               /* by monotonic_now() */
        uint16_t lengths[RECALL_TEXTS]; /* with their NULs; 0: NULL */
        char texts[];
    };
} record_t;

struct recall_t {
    cache_settings_t settings;
    const generations_t *generations;
    digest_key_t key;
    table_t *table;
};

recall_t *recall_open(const cache_settings_t *settings, const generations_t *generations, apr_pool_t *process)
{
    recall_t *recall = apr_pcalloc(process, sizeof *recall);

    recall->settings = *settings;
    recall->generations = generations;
    digest_key_make(&recall->key);
    recall->table = table_make(settings->size, WORDS, process);
    return recall->table ? recall : NULL;
}

static digest_t name_of(const recall_t *recall, int tenant)
{
    return digest_make(&recall->key, (const char *)&tenant, sizeof tenant);
}

static int holds(const recall_t *recall, int tenant, const record_t *record)
{
    return monotonic_now() < record->until &&
           generations_hold(recall->generations, GENERATIONS_TENANTS, tenant, record->moment);
}

int recall_find(recall_t *recall, int tenant, const char *texts[RECALL_TEXTS], apr_pool_t *pool)
{
    digest_t name = name_of(recall, tenant);
    record_t record;
    const char *at = record.texts;

    if (!table_get(recall->table, &name, record.words) || !holds(recall, tenant, &record))
        return 0;
    for (int n = 0; n < RECALL_TEXTS; n++) {
        texts[n] = record.lengths[n] ? apr_pmemdup(pool, at, record.lengths[n]) : NULL;
        at += record.lengths[n];
    }
    return 1;
}

generation_t recall_moment(const recall_t *recall)
{
    return generations_now(recall->generations, GENERATIONS_TENANTS);
}

void recall_keep(recall_t *recall, int tenant, const char *const texts[RECALL_TEXTS], generation_t moment)
{
    digest_t name = name_of(recall, tenant);
    record_t record = {.words = {0}};
    apr_size_t used = offsetof(record_t, texts);

    record.moment = moment;
    record.until = monotonic_now() + recall->settings.ttl;
    for (int n = 0; n < RECALL_TEXTS; n++) {
        apr_size_t length = texts[n] ? strlen(texts[n]) + 1 : 0;

        if (used + length > sizeof record)
            return;
        if (length)
            memcpy((char *)&record + used, texts[n], length);
        record.lengths[n] = (uint16_t)length;
        used += length;
    }
    if (moment && holds(recall, tenant, &record))
        table_put(recall->table, &name, record.words,
                  (int)((used + sizeof(uint64_t) - 1) / sizeof(uint64_t)));
}
