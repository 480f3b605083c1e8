/* SPDX-License-Identifier: Apache-2.0 */
#include "attempts.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <string.h>

#include "../secret/fingerprint.h"
#include "../store/lasting.h"
#include "../store/monotonic.h"

enum { SETS = 4096, WAYS = 4 };

/* One name's failures, as the moment, by monotonic_now(), until which they count: each moves it on by what
 * one failure costs. A name's failures are forgotten with its moment's passing. Several processes may write
 * at a time: at worst a failure is not counted, or counts for another name that came at the same moment. */
typedef struct entry_t {
    _Atomic uint64_t name;
    _Atomic apr_time_t until;
} entry_t;

struct attempts_t {
    fingerprint_key_t key;
    entry_t sets[SETS][WAYS];
};

attempts_t *attempts_share(const char *purpose, apr_pool_t *process)
{
    char name[64];
    attempts_t *attempts;
    int is_new;

    apr_snprintf(name, sizeof name, "mod_tenant attempts 1 %s", purpose);
    attempts = lasting_memory(name, sizeof *attempts, &is_new, process);
    if (attempts && is_new)
        fingerprint_key_make(&attempts->key);
    return attempts;
}

digest_t attempts_name(const attempts_t *attempts, const char *database, const char *tenant,
                       const char *email, const char *address)
{
    const char *texts[] = {database, tenant, email, address, NULL};

    return fingerprint_make(&attempts->key, texts);
}

static entry_t *set_of(attempts_t *attempts, const digest_t *name)
{
    return attempts->sets[name->words[1] % SETS];
}

/* The name's own entry, or NULL. */
static entry_t *find(attempts_t *attempts, const digest_t *name)
{
    entry_t *set = set_of(attempts, name);

    for (int way = 0; way < WAYS; way++) {
        if (set[way].name == name->words[0])
            return &set[way];
    }
    return NULL;
}

/* An entry for a new name: in its set, the one that would be forgotten first. */
static entry_t *replace(attempts_t *attempts, const digest_t *name)
{
    entry_t *set = set_of(attempts, name);
    entry_t *first = set;

    for (int way = 1; way < WAYS; way++) {
        if (set[way].until < first->until)
            first = &set[way];
    }
    first->until = 0;
    first->name = name->words[0];
    return first;
}

apr_interval_time_t attempts_wait(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name)
{
    const entry_t *entry = rate->count ? find(attempts, name) : NULL;
    apr_interval_time_t wait;

    if (!entry)
        return 0;
    /* there must be room for one more within the period */
    wait = entry->until + rate->period / rate->count - rate->period - monotonic_now();
    return wait > 0 ? wait : 0;
}

/* Moves a name's moment on by what one costs, unless it would lie farther ahead than most: by how much. */
static apr_interval_time_t move_on(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name,
                                   apr_interval_time_t most)
{
    apr_time_t now = monotonic_now();
    apr_time_t before, after;
    entry_t *entry;

    if (!rate->count)
        return 0;
    entry = find(attempts, name);
    if (!entry)
        entry = replace(attempts, name);
    before = entry->until;
    do {
        after = (before > now ? before : now) + rate->period / rate->count;
        if (after - now > most)
            return after - now - most;
    } while (!atomic_compare_exchange_weak(&entry->until, &before, after));
    return 0;
}

void attempts_count(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name)
{
    move_on(attempts, rate, name, APR_INT64_MAX);
}

apr_interval_time_t attempts_take(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name)
{
    return move_on(attempts, rate, name, rate->period);
}
