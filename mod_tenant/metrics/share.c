/* SPDX-License-Identifier: Apache-2.0 */
#include "share.h"

#include <apr_strings.h>
#include <stdatomic.h>
#include <string.h>

#include "counters.h"
#include "owner.h"

enum {
    CANDIDATES = 1 << 16,     /* who is in no place is counted by its id, modulo this */
    HINTS = 1 << 12,          /* likewise, where a process has found it last */
    EPOCH = 60 * 1000 * 1000, /* microseconds: activity is requests in this time */
};

/* One tenant's figures in one child: a cache line. */
typedef struct line_t {
    _Alignas(64) cell_t figures[8];
} line_t;

_Static_assert(SHARE_FIGURES <= 8, "a line has room for all figures");

typedef struct place_t {
    _Atomic int tenant;       /* 0: nobody has it */
    _Atomic unsigned version; /* odd: it changes hands */
    int64_t mark;             /* its requests when the epoch began */
    int64_t before;           /* how many it had in the epoch ahead of that */
    char name[SHARE_NAME_BYTES];
} place_t;

struct shares_t {
    pthread_mutex_t mutex; /* guards the places' hands, and what follows; nobody waits for it */
    int children, tenants;
    _Atomic int64_t epoch; /* when it ends */
    _Atomic int64_t least; /* the least active place's requests, as far as known */
    _Atomic uint32_t candidates[CANDIDATES];
    place_t places[SHARE_TENANTS_MAX + 1]; /* the one behind the last is that of all others */
    line_t lines[];                        /* of each child, and of nobody: a line for each of the places */
};

static int own_child;
static _Atomic uint16_t hints[HINTS];

size_t shares_size(int children, int tenants)
{
    return sizeof(shares_t) + ((size_t)children + 1) * ((size_t)tenants + 1) * sizeof(line_t);
}

shares_t *shares_use(void *memory, int is_new, int children, int tenants)
{
    shares_t *shares = memory;

    if (!is_new)
        return shares;
    shares->children = children;
    shares->tenants = tenants;
    return owner_make(&shares->mutex) ? shares : NULL;
}

void shares_claim(shares_t *shares, int child)
{
    own_child = child < shares->children ? child : shares->children;
}

int shares_count(const shares_t *shares)
{
    return shares->tenants;
}

static line_t *line_of(shares_t *shares, int child, int place)
{
    return &shares->lines[(size_t)child * ((size_t)shares->tenants + 1) + (size_t)place];
}

static int64_t total(shares_t *shares, int place, int figure)
{
    int64_t sum = 0;

    for (int child = 0; child <= shares->children; child++)
        sum += atomic_load_explicit(&line_of(shares, child, place)->figures[figure], memory_order_relaxed);
    return sum;
}

/* --- Who has which place. The caller holds the mutex ---------------------------------------------------- */

/* The requests of a place's tenant in this epoch, or in the one before, if those were more. */
static int64_t activity(shares_t *shares, int place)
{
    int64_t now = total(shares, place, 0) - shares->places[place].mark;

    return now > shares->places[place].before ? now : shares->places[place].before;
}

/* The place that is free, or whose tenant is the least active; *least is how active. */
static int least_active(shares_t *shares, int64_t *least)
{
    int found = 0;

    *least = INT64_MAX;
    for (int n = 0; n < shares->tenants && *least >= 0; n++) {
        int64_t active = shares->places[n].tenant ? activity(shares, n) : -1;

        if (active < *least) {
            *least = active;
            found = n;
        }
    }
    return found;
}

/* What a place has is the others' from now on. */
static void hand_over(shares_t *shares, int place)
{
    for (int child = 0; child <= shares->children; child++) {
        for (int figure = 0; figure < SHARE_FIGURES; figure++) {
            int64_t had = atomic_exchange(&line_of(shares, child, place)->figures[figure], 0);

            atomic_fetch_add(&line_of(shares, own_child, shares->tenants)->figures[figure], had);
        }
    }
}

static void begin_change(place_t *place)
{
    atomic_store(&place->version, place->version | 1);
}

static void end_change(place_t *place)
{
    atomic_fetch_add(&place->version, 1);
}

/* Gives a place to a tenant that has had so many requests in this epoch. Whoever dies on the way leaves a
 * free place. */
static void give(shares_t *shares, int n, int tenant, const char *name, int64_t requests)
{
    place_t *place = &shares->places[n];

    begin_change(place);
    place->tenant = 0;
    hand_over(shares, n);
    apr_cpystrn(place->name, name, sizeof place->name);
    place->mark = 0;
    place->before = requests;
    place->tenant = tenant;
    end_change(place);
}

static void begin_epoch(shares_t *shares, int64_t now)
{
    shares->epoch = now + EPOCH;
    for (int n = 0; n < shares->tenants; n++) {
        int64_t requests = total(shares, n, 0);

        shares->places[n].before = requests - shares->places[n].mark;
        shares->places[n].mark = requests;
    }
    for (int n = 0; n < CANDIDATES; n++)
        atomic_store_explicit(&shares->candidates[n], 0, memory_order_relaxed);
    shares->least = 0;
}

/* --- A request ------------------------------------------------------------------------------------------ */

/* The place of a tenant; that of all others, where it has none. */
static int find(const shares_t *shares, int tenant)
{
    _Atomic uint16_t *hint = &hints[(unsigned)tenant % HINTS];
    int place = *hint;

    if (place < shares->tenants && shares->places[place].tenant == tenant)
        return place;
    for (place = 0; place < shares->tenants; place++) {
        if (atomic_load_explicit(&shares->places[place].tenant, memory_order_relaxed) == tenant) {
            *hint = (uint16_t)place;
            return place;
        }
    }
    return shares->tenants;
}

/* So much more active than another tenant is who takes its place: otherwise two would do so by turns. */
static int is_clearly_more(int64_t requests, int64_t least)
{
    return requests > least + least / 4;
}

/* Counts a request of a tenant without a place, which may bring it one. Where it is now. */
static int apply(shares_t *shares, int tenant, const char *name)
{
    int64_t requests = atomic_fetch_add(&shares->candidates[(unsigned)tenant % CANDIDATES], 1) + 1;
    int64_t least;
    int place;

    if (!is_clearly_more(requests, shares->least) || !owner_try(&shares->mutex))
        return shares->tenants;
    place = find(shares, tenant); /* another thread may have been quicker */
    if (place == shares->tenants) {
        int candidate = least_active(shares, &least);

        shares->least = least < 0 ? 0 : least;
        if (is_clearly_more(requests, least)) {
            give(shares, candidate, tenant, name, requests);
            place = candidate;
        }
    }
    owner_free(&shares->mutex);
    return place;
}

/* A tenant's new name. */
static void rename_place(shares_t *shares, int n, int tenant, const char *name)
{
    place_t *place = &shares->places[n];

    if (!owner_try(&shares->mutex))
        return;
    if (place->tenant == tenant) {
        begin_change(place);
        apr_cpystrn(place->name, name, sizeof place->name);
        end_change(place);
    }
    owner_free(&shares->mutex);
}

static void add(line_t *line, int metric, int64_t amount)
{
    if (amount)
        atomic_fetch_add_explicit(&line->figures[metric - SHARE_FIRST], amount, memory_order_relaxed);
}

void shares_add(shares_t *shares, int tenant, const char *name, const tally_t *tally, int64_t now)
{
    int place = find(shares, tenant);
    line_t *line;

    if (now > atomic_load_explicit(&shares->epoch, memory_order_relaxed) && owner_try(&shares->mutex)) {
        if (now > shares->epoch)
            begin_epoch(shares, now);
        owner_free(&shares->mutex);
    }
    if (place == shares->tenants)
        place = apply(shares, tenant, name);
    else if (strncmp(shares->places[place].name, name, SHARE_NAME_BYTES - 1) != 0)
        rename_place(shares, place, tenant, name);
    line = line_of(shares, own_child, place);
    add(line, METRIC_tenant_requests, 1);
    add(line, METRIC_tenant_rows_read, tally->rows_read);
    add(line, METRIC_tenant_rows_written, tally->rows_written);
    add(line, METRIC_tenant_bytes, tally->bytes);
    add(line, METRIC_tenant_database, tally->database);
    add(line, METRIC_tenant_refusals, tally->problem != NULL);
}

/* --- A scrape ------------------------------------------------------------------------------------------- */

int shares_read(shares_t *shares, int n, share_t *share)
{
    place_t *place = &shares->places[n];
    unsigned version;

    for (int tries = 0; tries < 100; tries++) {
        version = place->version;
        share->tenant = place->tenant;
        memcpy(share->name, place->name, sizeof share->name);
        for (int figure = 0; figure < SHARE_FIGURES; figure++)
            share->figures[figure] = total(shares, n, figure);
        atomic_thread_fence(memory_order_acquire);
        if (version % 2 == 0 && place->version == version)
            return share->tenant != 0 || n == shares->tenants;
    }
    return 0;
}
