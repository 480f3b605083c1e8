/* SPDX-License-Identifier: Apache-2.0 */
#include "usage.h"

#include <apr_general.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "owner.h"

/* A book is divided, so that requests of different tenants seldom wait for each other, and never for long:
 * whoever has the lock of a part adds three numbers. */
enum { PARTS = 64, TRIES = 8 };

/* How long a request waits for another one: only a process that was stopped keeps a lock for longer. Then,
 * and where there is no room, the next part takes the line: a tenant may have several of a day. */
#define PATIENCE apr_time_from_msec(20)

/* A book that is nearly full is told ahead of its time, but no more often than this. */
#define HASTE apr_time_from_sec(2)

/* Portions are numbered by their flush, and within it by their first place. Each has so many places, whoever
 * is in them: so a copy of an earlier time has the same number, and is not told beside it. */
enum { PLACE_BITS = 24 };

/* A part of a book has its lines one behind the other, and an index that finds them: so memory is taken for
 * tenants that there are, and not for all that there is room for. */
typedef struct part_t {
    _Alignas(64) pthread_mutex_t mutex; /* guards the part of the open book, and what follows */
    int book;                           /* which one takes what is counted */
    _Atomic int lines[2];               /* how many each has */
} part_t;

struct usage_t {
    pthread_mutex_t teller; /* guards what follows, up to the parts */
    int64_t id;
    int tenants;
    int places;        /* in each part of each book, of lines and of the index */
    int book;          /* which one is open */
    int64_t flush;     /* the number of the closed one */
    int told, telling; /* places of it that were told, and those that are being told, from the first one on */
    _Atomic int is_closed;
    _Atomic int failures; /* since it last went well */
    _Atomic int is_full;
    _Atomic int64_t lost;
    _Atomic apr_time_t due, last; /* by the monotonic clock */
    part_t parts[PARTS];
    usage_line_t lines[]; /* of the first book's parts, then of the second one's; then, alike, the indexes */
};

/* Half as many again as tenants, so that no part is full long before the others. */
static int places_of(int tenants)
{
    return (tenants + tenants / 2) / PARTS + 1;
}

size_t usage_size(int tenants)
{
    return sizeof(usage_t) +
           2 * PARTS * (size_t)places_of(tenants) * (sizeof(usage_line_t) + sizeof(uint32_t));
}

usage_t *usage_use(void *memory, int is_new, int tenants)
{
    usage_t *usage = memory;
    uint64_t id;

    if (!is_new)
        return usage;
    if (apr_generate_random_bytes((unsigned char *)&id, sizeof id) != APR_SUCCESS ||
        !owner_make(&usage->teller))
        return NULL;
    for (int n = 0; n < PARTS; n++) {
        if (!owner_make(&usage->parts[n].mutex))
            return NULL;
    }
    usage->id = (int64_t)(id >> 1);
    usage->tenants = tenants;
    usage->places = places_of(tenants);
    return usage;
}

int usage_tenants(const usage_t *usage)
{
    return usage->tenants;
}

int64_t usage_id(const usage_t *usage)
{
    return usage->id;
}

/* The lines of a part of a book. */
static usage_line_t *lines_of(usage_t *usage, int book, int part)
{
    return &usage->lines[(size_t)(book * PARTS + part) * (size_t)usage->places];
}

/* Its index: by a hash, which of these lines, counted from 1; 0: none. */
static uint32_t *index_of(usage_t *usage, int book, int part)
{
    uint32_t *indexes = (uint32_t *)&usage->lines[2 * PARTS * (size_t)usage->places];

    return &indexes[(size_t)(book * PARTS + part) * (size_t)usage->places];
}

/* The first place of a book, from one on up to another, that has a line; end: none has. */
static int next_line(const usage_t *usage, int book, int place, int end)
{
    while (place < end && place % usage->places >= usage->parts[place / usage->places].lines[book])
        place = (place / usage->places + 1) * usage->places;
    return place < end ? place : end;
}

/* Fibonacci's way to spread numbers that follow each other. */
static uint32_t spread(int number)
{
    return (uint32_t)number * 0x9E3779B1U;
}

/* --- Counting ------------------------------------------------------------------------------------------- */

/* A new line of a tenant and day, for which an index has a free place; NULL: there is no room. Whoever dies
 * here leaves no line, or one that the index does not know: then the tenant gets another one. */
static usage_line_t *make_line(usage_t *usage, int n, const usage_line_t *wanted, uint32_t *indexed)
{
    part_t *part = &usage->parts[n];
    int place = part->lines[part->book];
    usage_line_t *line = &lines_of(usage, part->book, n)[place];

    if (place == usage->places)
        return NULL;
    *line = (usage_line_t){.tenant = wanted->tenant, .day = wanted->day};
    part->lines[part->book] = place + 1;
    *indexed = (uint32_t)place + 1;
    if ((place + 1) * 4 > usage->places * 3)
        usage->is_full = 1;
    return line;
}

/* The line of a tenant and day, which may be a new one; NULL: there is no room. The caller has the part's
 * lock. */
static usage_line_t *find(usage_t *usage, int n, const usage_line_t *wanted)
{
    usage_line_t *lines = lines_of(usage, usage->parts[n].book, n);
    uint32_t *indexed = index_of(usage, usage->parts[n].book, n);
    unsigned place = (spread(wanted->tenant) + spread(wanted->day)) % (unsigned)usage->places;

    for (int tries = 0; tries < usage->places; tries++, place = (place + 1) % (unsigned)usage->places) {
        usage_line_t *line;

        if (indexed[place] == 0)
            return make_line(usage, n, wanted, &indexed[place]);
        line = &lines[indexed[place] - 1];
        if (line->tenant == wanted->tenant && line->day == wanted->day)
            return line;
    }
    return NULL;
}

/* Adds to a line in a part. 0: another process keeps it to itself, or there is no room. */
static int add(usage_t *usage, int n, const usage_line_t *line, apr_time_t until)
{
    usage_line_t *found;

    if (!owner_wait(&usage->parts[n].mutex, until))
        return 0;
    found = find(usage, n, line);
    if (found) {
        found->requests += line->requests;
        found->rows_written += line->rows_written;
        found->bytes_out += line->bytes_out;
    }
    owner_free(&usage->parts[n].mutex);
    return found != NULL;
}

void usage_add(usage_t *usage, const usage_line_t *line, apr_time_t now)
{
    int n = (int)(spread(line->tenant) >> 16) % PARTS;

    for (int tries = 1; tries <= TRIES; tries++, n = (n + 1) % PARTS) {
        if (add(usage, n, line, now + tries * PATIENCE))
            return;
    }
    atomic_fetch_add(&usage->lost, line->requests);
}

/* --- Telling -------------------------------------------------------------------------------------------- */

int usage_is_due(usage_t *usage, apr_interval_time_t period, apr_time_t now)
{
    apr_time_t due = usage->due;

    if (now < due && !(usage->is_full && now >= usage->last + HASTE))
        return 0;
    if (!atomic_compare_exchange_strong(&usage->due, &due, now + period))
        return 0;
    usage->last = now;
    return 1;
}

int usage_begin(usage_t *usage, apr_time_t until)
{
    return owner_wait(&usage->teller, until);
}

void usage_end(usage_t *usage)
{
    owner_free(&usage->teller);
}

int usage_is_closed(const usage_t *usage)
{
    return usage->is_closed;
}

/* Sends what is counted to the open book. */
static int turn(usage_t *usage, int n, apr_time_t until)
{
    part_t *part = &usage->parts[n];

    if (!owner_wait(&part->mutex, until))
        return 0;
    part->book = usage->book;
    owner_free(&part->mutex);
    return 1;
}

/* Whoever dies on the way leaves a closed book some of whose parts are still written to: the next one
 * turns those too, ahead of the first line. */
int usage_close(usage_t *usage, apr_time_t until)
{
    if (!usage->is_closed) {
        usage->flush++;
        usage->told = 0;
        usage->book = !usage->book;
        usage->is_closed = 1;
        usage->is_full = 0;
    }
    for (int n = 0; n < PARTS; n++) {
        if (!turn(usage, n, until))
            return 0;
    }
    return 1;
}

/* Makes room in the closed book. Whoever dies on the way leaves one all of whose lines are told. */
static void empty(usage_t *usage)
{
    int book = !usage->book;

    for (int n = 0; n < PARTS; n++) {
        if (usage->parts[n].lines[book] == 0)
            continue;
        memset(index_of(usage, book, n), 0, (size_t)usage->places * sizeof(uint32_t));
        usage->parts[n].lines[book] = 0;
    }
    usage->is_closed = 0;
}

/* Where the portion ends that begins at a place. */
static int end_of_portion(const usage_t *usage, int place)
{
    int places = PARTS * usage->places;

    return places - place < USAGE_PORTION ? places : place + USAGE_PORTION;
}

static int64_t number_of(int64_t flush, int place)
{
    return (flush << PLACE_BITS) + place;
}

int usage_next(usage_t *usage, usage_line_t *lines, int64_t *number)
{
    int book = !usage->book;
    int places = PARTS * usage->places;
    int count = 0;

    if (!usage->is_closed)
        return 0;
    for (usage->telling = usage->told; usage->telling < places && count == 0;) {
        int end = end_of_portion(usage, usage->telling);

        *number = number_of(usage->flush, usage->telling);
        for (int place = usage->telling; (place = next_line(usage, book, place, end)) < end; place++)
            lines[count++] = lines_of(usage, book, 0)[place];
        usage->telling = end;
    }
    if (count == 0)
        empty(usage);
    return count;
}

/* Copies the lines of the portion that begins at a place, as they are in one moment each. */
static int copy_portion(usage_t *usage, int book, int place, usage_line_t *lines, apr_time_t until)
{
    const usage_line_t *from = lines_of(usage, book, 0);
    int end = end_of_portion(usage, place);
    int count = 0;

    for (; (place = next_line(usage, book, place, end)) < end; place++) {
        pthread_mutex_t *mutex = &usage->parts[place / usage->places].mutex;

        if (!owner_wait(mutex, until))
            return -1;
        lines[count++] = from[place];
        owner_free(mutex);
    }
    return count;
}

int usage_copy(usage_t *usage, usage_walk_t *walk, usage_line_t *lines, int64_t *number, apr_time_t until)
{
    int count = 0;

    for (; walk->step < 2; walk->step++, walk->place = 0) {
        int is_open = walk->step == 1;
        int book = is_open ? usage->book : !usage->book;

        if (!is_open)
            walk->place = !usage->is_closed           ? PARTS * usage->places
                          : walk->place < usage->told ? usage->told
                                                      : walk->place;
        while (walk->place < PARTS * usage->places && count == 0) {
            *number = number_of(usage->flush + is_open, walk->place);
            count = copy_portion(usage, book, walk->place, lines, until);
            walk->place = end_of_portion(usage, walk->place);
        }
        if (count)
            return count;
    }
    return 0;
}

void usage_told(usage_t *usage)
{
    usage->told = usage->telling;
}

/* What is told already is not waiting, though it is still there. */
int64_t usage_waiting(usage_t *usage)
{
    int places = PARTS * usage->places;
    int closed = usage->is_closed ? !usage->book : -1;
    int64_t requests = 0;

    for (int book = 0; book < 2; book++) {
        int place = book == closed ? usage->told : 0;

        for (; (place = next_line(usage, book, place, places)) < places; place++)
            requests += lines_of(usage, book, 0)[place].requests;
    }
    return requests;
}

int64_t usage_take_lost(usage_t *usage)
{
    return atomic_exchange(&usage->lost, 0);
}

int usage_note_failure(usage_t *usage, int has_failed)
{
    return has_failed ? atomic_fetch_add(&usage->failures, 1) : atomic_exchange(&usage->failures, 0);
}

int usage_failures(const usage_t *usage)
{
    return usage->failures;
}
