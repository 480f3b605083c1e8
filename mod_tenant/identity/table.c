/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <apr_thread_mutex.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "../metrics/counters.h"

/* A name can be in any slot of one set, which its digest chooses. */
enum { WAYS = 8 };

/* How often a reader looks again when a writer has come between; then the value counts as absent. */
enum { TRIES = 8 };

/* A value and its name, read without a lock: `version` is odd while a writer is at work, and whoever finds it
 * the same ahead of and behind a copy has an undisturbed one. All words are atomic; released by the writer
 * and acquired by readers, so that whoever sees a new word also sees the version that announced it. */
typedef struct slot_t {
    _Atomic uint32_t version;
    _Atomic uint32_t is_used; /* somebody has asked for it lately */
    _Atomic uint64_t name[2];
    _Atomic uint64_t length; /* 0: empty */
    _Atomic uint64_t value[];
} slot_t;

struct table_t {
    apr_size_t sets;
    int words;
    apr_size_t slot_size;
    _Atomic uint64_t (*tags)[WAYS]; /* of each set, a part of the names, in one cache line; 0: empty */
    char *slots;
    apr_thread_mutex_t *writing;
};

typedef struct mapping_t {
    void *address;
    apr_size_t length;
} mapping_t;

static apr_status_t unmap(void *data)
{
    const mapping_t *mapping = data;

    munmap(mapping->address, mapping->length);
    return APR_SUCCESS;
}

/* Zeroed memory that the kernel provides as it is touched. */
static void *map(apr_size_t length, apr_pool_t *pool)
{
    mapping_t *mapping = apr_palloc(pool, sizeof *mapping);

    mapping->length = length;
    mapping->address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping->address == MAP_FAILED)
        return NULL;
    apr_pool_cleanup_register(pool, mapping, unmap, apr_pool_cleanup_null);
    return mapping->address;
}

table_t *table_make(int entries, int words, apr_pool_t *pool)
{
    table_t *table = apr_pcalloc(pool, sizeof *table);

    table->sets = ((apr_size_t)entries + WAYS - 1) / WAYS;
    table->words = words;
    table->slot_size = sizeof(slot_t) + (apr_size_t)words * sizeof(uint64_t);
    table->tags = map(table->sets * sizeof *table->tags, pool);
    table->slots = map(table->sets * WAYS * table->slot_size, pool);
    if (!table->tags || !table->slots ||
        apr_thread_mutex_create(&table->writing, APR_THREAD_MUTEX_UNNESTED, pool) != APR_SUCCESS)
        return NULL;
    return table;
}

/* The set of a name: the upper half of one word, scaled to the number of sets. */
static apr_size_t set_of(const table_t *table, const digest_t *name)
{
    return (apr_size_t)((name->words[0] >> 32) * table->sets >> 32);
}

static uint64_t tag_of(const digest_t *name)
{
    return name->words[1] | 1;
}

static slot_t *slot_at(const table_t *table, apr_size_t set, int way)
{
    return (slot_t *)(table->slots + (set * WAYS + (apr_size_t)way) * table->slot_size);
}

/* Copies the slot's value if it is the name's. -1: a writer was at work. */
static int slot_read(const table_t *table, slot_t *slot, const digest_t *name, uint64_t *value)
{
    uint32_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
    uint64_t length = atomic_load_explicit(&slot->length, memory_order_acquire);
    int is_it = atomic_load_explicit(&slot->name[0], memory_order_acquire) == name->words[0] &&
                atomic_load_explicit(&slot->name[1], memory_order_acquire) == name->words[1];

    for (uint64_t n = 0; is_it && n < length && n < (uint64_t)table->words; n++)
        value[n] = atomic_load_explicit(&slot->value[n], memory_order_acquire);
    if (version & 1 || atomic_load_explicit(&slot->version, memory_order_relaxed) != version)
        return -1;
    return is_it ? (int)length : 0;
}

int table_get(table_t *table, const digest_t *name, uint64_t *value)
{
    apr_size_t set = set_of(table, name);

    for (int way = 0; way < WAYS; way++) {
        slot_t *slot = slot_at(table, set, way);
        int length = -1;

        if (atomic_load_explicit(&table->tags[set][way], memory_order_relaxed) != tag_of(name))
            continue;
        for (int tries = 0; length < 0 && tries < TRIES; tries++)
            length = slot_read(table, slot, name, value);
        if (length <= 0)
            continue;
        /* written once in a while only, so that readers do not take the line from one another */
        if (!atomic_load_explicit(&slot->is_used, memory_order_relaxed))
            atomic_store_explicit(&slot->is_used, 1, memory_order_relaxed);
        return length;
    }
    return 0;
}

/* Whether the slot holds the name. Only for the writer. */
static int slot_is(const slot_t *slot, const digest_t *name)
{
    return slot->length && slot->name[0] == name->words[0] && slot->name[1] == name->words[1];
}

/* The slot that a name is to have: its own, an empty one, or one that nobody has asked for since all of the
 * set were last taken for unused. So what is asked for again and again outlasts any
 * number of names that come once. */
static int choose(const table_t *table, apr_size_t set, const digest_t *name)
{
    int empty = -1, unused = -1;

    for (int way = WAYS - 1; way >= 0; way--) {
        const slot_t *slot = slot_at(table, set, way);

        if (slot_is(slot, name))
            return way;
        if (!slot->length)
            empty = way;
        else if (!slot->is_used)
            unused = way;
    }
    if (empty >= 0)
        return empty;
    if (unused >= 0)
        return unused;
    for (int way = 0; way < WAYS; way++)
        slot_at(table, set, way)->is_used = 0;
    return (int)(name->words[0] % WAYS);
}

void table_put(table_t *table, const digest_t *name, const uint64_t *value, int length)
{
    apr_size_t set = set_of(table, name);
    slot_t *slot;
    uint32_t version;
    int way;

    apr_thread_mutex_lock(table->writing);
    way = choose(table, set, name);
    slot = slot_at(table, set, way);
    version = atomic_load_explicit(&slot->version, memory_order_relaxed);
    atomic_store_explicit(&slot->version, version + 1, memory_order_relaxed);
    if (!slot_is(slot, name)) {
        if (slot->length)
            COUNTERS_ADD(cache_evictions, 0, 1);
        atomic_store_explicit(&slot->is_used, 0, memory_order_release);
    }
    for (int n = 0; n < 2; n++)
        atomic_store_explicit(&slot->name[n], name->words[n], memory_order_release);
    atomic_store_explicit(&slot->length, (uint64_t)length, memory_order_release);
    for (int n = 0; n < length; n++)
        atomic_store_explicit(&slot->value[n], value[n], memory_order_release);
    atomic_store_explicit(&slot->version, version + 2, memory_order_release);
    atomic_store_explicit(&table->tags[set][way], tag_of(name), memory_order_release);
    apr_thread_mutex_unlock(table->writing);
}
