/* SPDX-License-Identifier: Apache-2.0 */
#include "timelines.h"

#include <stdatomic.h>

#include "lasting.h"

/* A server with more databases than that has a few clusters for them. */
enum { CLUSTERS = 256 };

struct timeline_t {
    _Atomic uint64_t name; /* 0: nobody's yet */
    _Atomic uint32_t newest;
};

struct timelines_t {
    timeline_t of[CLUSTERS];
};

timelines_t *timelines_share(apr_pool_t *process)
{
    int is_new;

    return lasting_memory("mod_tenant timelines 1", sizeof(timelines_t), &is_new, process);
}

/* A number for a cluster in a place, not 0 (FNV-1a). */
static uint64_t name_of(const char *place, uint64_t cluster)
{
    uint64_t name = 0xcbf29ce484222325 ^ cluster;

    for (; *place; place++)
        name = (name ^ (unsigned char)*place) * 0x100000001b3;
    return name ? name : 1;
}

/* The entry of a name, which may be a new one. Nobody gives one back, so the first that is free is behind
 * all that are not. */
static timeline_t *find(timelines_t *timelines, uint64_t name)
{
    for (int n = 0; n < CLUSTERS; n++) {
        timeline_t *timeline = &timelines->of[n];
        uint64_t owner = 0;

        if (atomic_compare_exchange_strong(&timeline->name, &owner, name) || owner == name)
            return timeline;
    }
    return NULL;
}

timeline_t *timelines_see(const lineage_t *lineage, uint64_t cluster, uint32_t timeline)
{
    timeline_t *seen = find(lineage->timelines, name_of(lineage->place, cluster));
    uint32_t newest = seen ? seen->newest : 0;

    while (seen && newest < timeline && !atomic_compare_exchange_weak(&seen->newest, &newest, timeline)) {
    }
    return seen;
}

uint32_t timeline_newest(const timeline_t *timeline)
{
    return timeline->newest;
}
