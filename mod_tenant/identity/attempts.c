/* SPDX-License-Identifier: Apache-2.0 */
#include "attempts.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <string.h>

#include "../monotonic.h"
#include "../secret/fingerprint.h"
#include "../store/lasting.h"

enum { WAYS = 8 };

/* One name's attempts, as the moment, in ns of monotonic_now(), until which they count: each moves it on by
 * what one costs. A name's attempts are forgotten with its moment's passing. */
typedef struct entry_t {
    _Atomic uint64_t name;
    _Atomic int64_t until;
} entry_t;

struct attempts_t {
    fingerprint_key_t key;
    apr_size_t sets;
    entry_t ways[][WAYS];
};

static apr_size_t sets_of(int names)
{
    return ((apr_size_t)names + WAYS - 1) / WAYS;
}

apr_size_t attempts_size(int names)
{
    return sizeof(attempts_t) + sets_of(names) * sizeof(entry_t[WAYS]);
}

attempts_t *attempts_share(const char *purpose, int names, apr_pool_t *process)
{
    char name[64];
    attempts_t *attempts;
    int is_new;

    apr_snprintf(name, sizeof name, "mod_tenant attempts 2 %s %d", purpose, names);
    attempts = lasting_memory(name, attempts_size(names), &is_new, process);
    if (attempts && is_new) {
        fingerprint_key_make(&attempts->key);
        attempts->sets = sets_of(names);
    }
    return attempts;
}

digest_t attempts_name(const attempts_t *attempts, const char *database, const char *tenant,
                       const char *email, const char *address)
{
    const char *texts[] = {database, tenant, email, address, NULL};

    return fingerprint_make(&attempts->key, texts);
}

static int64_t now_in_ns(void)
{
    return monotonic_now() * 1000;
}

/* What one costs, in ns. */
static int64_t cost_of(const attempts_rate_t *rate)
{
    return rate->period * 1000 / rate->count;
}

/* How far ahead a moment may lie, in ns. */
static int64_t most_of(const attempts_rate_t *rate)
{
    int64_t most;

    /* a million at once of one a day would be 2738 years */
    if (__builtin_mul_overflow(cost_of(rate), rate->burst ? rate->burst : rate->count, &most))
        return INT64_MAX / 2;
    return most;
}

static apr_interval_time_t in_us(int64_t ns)
{
    return (ns + 999) / 1000;
}

static entry_t *set_of(attempts_t *attempts, const digest_t *name)
{
    return attempts->ways[name->words[1] % attempts->sets];
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

/* The name's own entry, or one for a new name: in its set, the one that would be forgotten first. One that is
 * forgotten already says nothing, so that it is the new name's as it is. */
static entry_t *find_or_replace(attempts_t *attempts, const digest_t *name, int64_t now)
{
    entry_t *set = set_of(attempts, name);
    entry_t *first;
    uint64_t owner;
    int64_t until;

    do {
        first = find(attempts, name);
        if (first)
            return first;
        first = set;
        for (int way = 1; way < WAYS; way++) {
            if (set[way].until < first->until)
                first = &set[way];
        }
        owner = first->name;
        until = first->until;
    } while (!atomic_compare_exchange_strong(&first->name, &owner, name->words[0]));
    if (until > now)
        first->until = 0;
    return first;
}

apr_interval_time_t attempts_wait(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name)
{
    const entry_t *entry = rate->count ? find(attempts, name) : NULL;
    int64_t wait;

    if (!entry)
        return 0;
    /* there must be room for one more */
    wait = entry->until + cost_of(rate) - most_of(rate) - now_in_ns();
    return wait > 0 ? in_us(wait) : 0;
}

/* Moves a name's moment on by what one costs, unless it would lie farther ahead than most: by how much.
 * *ahead is how far it lies ahead then. All in ns. */
static int64_t move_on(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name, int64_t most,
                       int64_t *ahead)
{
    int64_t now = now_in_ns();
    entry_t *entry = find_or_replace(attempts, name, now);
    int64_t before = entry->until;

    do {
        *ahead = before > now ? before - now : 0;
        if (*ahead + cost_of(rate) > most)
            return *ahead + cost_of(rate) - most;
    } while (!atomic_compare_exchange_weak(&entry->until, &before, now + *ahead + cost_of(rate)));
    *ahead += cost_of(rate);
    return 0;
}

void attempts_count(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name)
{
    int64_t ahead;

    if (rate->count)
        move_on(attempts, rate, name, APR_INT64_MAX, &ahead);
}

apr_interval_time_t attempts_take(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name,
                                  attempts_left_t *left)
{
    int64_t ahead, wait;

    if (!rate->count)
        return 0;
    wait = move_on(attempts, rate, name, most_of(rate), &ahead);
    if (left) {
        left->count = ahead < most_of(rate) ? (int)((most_of(rate) - ahead) / cost_of(rate)) : 0;
        left->until_full = in_us(ahead);
    }
    return in_us(wait);
}

void attempts_give_back(attempts_t *attempts, const attempts_rate_t *rate, const digest_t *name)
{
    entry_t *entry = rate->count ? find(attempts, name) : NULL;

    if (entry)
        atomic_fetch_sub(&entry->until, cost_of(rate));
}
