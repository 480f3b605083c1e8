/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_CACHE_H
#define TENANT_IDENTITY_CACHE_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../secret/digest.h"
#include "flight.h"
#include "generations.h"
#include "tenant.h"

/* How a cache behaves (directive TenantCache). */
typedef struct cache_settings_t {
    int size;                     /* keys and Hosts of tenants that a child keeps per database; 0: off */
    apr_interval_time_t ttl;      /* how long at most */
    apr_interval_time_t negative; /* the same for keys and Hosts that are nobody's */
} cache_settings_t;

/* Whose an API key or a Host is, as one child last read it from one database. Nothing is used that has
 * changed since, or while nobody hears of changes (generations_hold()). What is nobody's has a room of its
 * own: no number of invented keys and Hosts drives out a real one. Never holds a key or its hash. */
typedef struct cache_t cache_t;

/* NULL: out of memory. It goes with the process's pool. */
cache_t *cache_open(const cache_settings_t *settings, const generations_t *generations, apr_pool_t *process);

/* What an entry is found by. */
typedef enum cache_subject_t {
    CACHE_KEY,  /* the hashes of an API key */
    CACHE_HOST, /* a Host, lower case */
    CACHE_SUBJECTS,
} cache_subject_t;

digest_t cache_name(const cache_t *cache, cache_subject_t subject, const char *text);

/* Looks for an entry. 1: *tenant is a copy in pool, NULL where the name is nobody's.
 * 0: the cache cannot say. */
int cache_find(cache_t *cache, const digest_t *name, const tenant_t **tenant, apr_pool_t *pool);

/* The moment ahead of a lookup whose result is to be kept; 0: nothing may be kept now. */
generation_t cache_moment(const cache_t *cache);

/* Keeps what a lookup has found (NULL: nobody), unless it may have changed since `moment`. until: when it
 * ends by itself, by monotonic_now(). */
void cache_keep(cache_t *cache, const digest_t *name, const tenant_t *tenant, generation_t moment,
                apr_time_t until);

/* The lookups that are under way. */
flights_t *cache_flights(const cache_t *cache);

#endif
