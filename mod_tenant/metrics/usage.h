/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_USAGE_H
#define TENANT_METRICS_USAGE_H

#include <apr_time.h>
#include <stddef.h>
#include <stdint.h>

/* What every tenant has used since that was last told to the database, by day (UTC), in memory that all
 * children share and that outlives them: an account. It has two books: one takes what is counted, the
 * other one, once closed, does not change until the database has all of it. So whoever tells may die, or
 * be in doubt, at any time, and tell again. */
typedef struct usage_t usage_t;

/* TenantUsage. */
typedef struct usage_settings_t {
    int is_on;
    int tenants;               /* it has room for */
    apr_interval_time_t flush; /* how often it is told */
    const char *keep;          /* the folder of what was not; "": nowhere; NULL: the usual one */
} usage_settings_t;

/* A line of a book. */
typedef struct usage_line_t {
    int tenant;
    int day; /* since 1970-01-01 */
    int64_t requests, rows_written, bytes_out;
} usage_line_t;

enum {
    USAGE_TENANTS_MIN = 100,
    USAGE_TENANTS_MAX = 1000000,
    USAGE_PORTION = 5000, /* so many lines are told at a time at most */
};

/* How many bytes an account takes that has a line for each of so many tenants, and some more. */
size_t usage_size(int tenants);

/* The account in memory of that size, which is all 0; or, if it is not new, what an earlier generation of
 * the server has left there. NULL: there is no lock, or no random number. */
usage_t *usage_use(void *memory, int is_new, int tenants);

/* For how many tenants it has room. */
int usage_tenants(const usage_t *usage);

/* Adds to a tenant's line of a day. now: by the monotonic clock. A request that finds no room, or whose
 * line another process keeps to itself, is counted as lost. */
void usage_add(usage_t *usage, const usage_line_t *line, apr_time_t now);

/* --- Telling: one process at a time --------------------------------------------------------------------- */

/* Whether it is this caller's turn: once in each period, or sooner where a book is nearly full. */
int usage_is_due(usage_t *usage, apr_interval_time_t period, apr_time_t now);

/* Begins to tell; waits until then for another process that does. 0: it still does. */
int usage_begin(usage_t *usage, apr_time_t until);
void usage_end(usage_t *usage);

/* Whether a book is closed that has not been told to its end. */
int usage_is_closed(const usage_t *usage);

/* Closes the book that takes what is counted, and opens the other one; does nothing where one is closed
 * already. 0: a process keeps a line to itself, until that time. */
int usage_close(usage_t *usage, apr_time_t until);

/* Copies the next lines of the closed book, USAGE_PORTION at most; returns how many. *number is greater
 * than that of every portion before, and the same for the same places of the book. 0: all are told, and the
 * book is empty again. */
int usage_next(usage_t *usage, usage_line_t *lines, int64_t *number);

/* The lines that were copied last have been told. */
void usage_told(usage_t *usage);

/* Which portion comes next of all that is not told, in both books. All 0: the first one. */
typedef struct usage_walk_t {
    int step, place;
} usage_walk_t;

/* Copies that portion, as usage_next() would, or will once the book is closed, and tells nothing: a portion
 * of an open book may have more later, by the same number. The caller has begun. 0: there are no more; -1: a
 * process keeps a line to itself, until that time. */
int usage_copy(usage_t *usage, usage_walk_t *walk, usage_line_t *lines, int64_t *number, apr_time_t until);

/* What tells this account from all others. */
int64_t usage_id(const usage_t *usage);

/* Requests that are not told yet, in both books. */
int64_t usage_waiting(usage_t *usage);

/* Requests that were lost since this was last asked. */
int64_t usage_take_lost(usage_t *usage);

/* Notes whether telling has failed; returns what was noted before. */
int usage_note_failure(usage_t *usage, int has_failed);

/* How often that was noted so far; 0: telling has not failed since it last went well. */
int usage_failures(const usage_t *usage);

#endif
