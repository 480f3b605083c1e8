/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_MOVE_H
#define TENANT_TENANTCTL_MOVE_H

#include <apr_tables.h>
#include <apr_time.h>

#include "output.h"
#include "session.h"

/* A table whose rows are replicated. */
typedef struct move_table_t {
    const char *name;
    const char *key;          /* the column that says whose a row is */
    const char *columns;      /* with their types, `a integer, b text` */
    const char *sum;          /* an expression: a checksum of all rows */
    const char *counted;      /* a condition: which rows are compared; $2 is a time of the source's */
    const char *has_identity; /* `t`: UPDATE and DELETE can be replicated */
    const char *sequence;     /* of its ids; NULL: none */
    const char *guards;       /* `insert,change`: which writes the freeze refuses */
    const char *goes;         /* a condition: which rows are replicated */
    const char *rows;         /* at the end: how many there are */
} move_table_t;

/* What a database knows of the tenant and of its last move. */
typedef struct move_side_t {
    const char *name; /* of the tenant; NULL: there is no such tenant */
    const char *status;
    const char *domain; /* NULL: none */
    const char *side;   /* `source` or `target`; NULL: it has never moved */
    const char *move;   /* its id */
    const char *state;  /* `copying`, `closed`, `done` */
    const char *answer; /* what its requests are told; NULL: they are served */
} move_side_t;

/* A move on its way. */
typedef struct move_t {
    const call_t *call;
    apr_pool_t *pool;
    session_t source;
    session_t target;
    const char *tenant;                 /* its id, the same in both */
    const char *object;                 /* publication, slot and subscription; NULL: it has not begun */
    const char *through;                /* how the target's server reaches the source */
    move_side_t here;                   /* at the source */
    move_side_t there;                  /* at the target */
    apr_array_header_t *tables;         /* move_table_t */
    const char *slow;                   /* the target's standbys that are not waited for, an array; or NULL */
    apr_interval_time_t pause;          /* how long the tenant may be without writes */
    apr_time_t frozen;                  /* since when it is, by the clock that nobody sets; 0: it is not */
    apr_interval_time_t without_writes; /* how long it was */
} move_t;

/* Tells the sysadmin, on standard error, how far it is. */
__attribute__((format(printf, 2, 3))) void move_say(const move_t *move, const char *format, ...);

/* Runs a statement; NULL: it failed, and that was said. */
rowset_t *move_run(const session_t *session, const char *sql, const char *const *values, int count);

/* Runs statements, ended by NULL, without parameters. Returns EXIT_…. */
int move_run_all(const session_t *session, const char *const *statements);

/* Reads what both databases know. Returns EXIT_…. */
int move_look(move_t *move);

/* Reads the tables; EXIT_…. */
int move_tables(move_t *move);

/* Whether a tenant can go from the source to the target: schemas, log, ids, keys. Changes nothing. EXIT_….
 * */
int move_check(const move_t *move);
int move_check_keys(const move_t *move);

/* Whether they are of two servers: what is deleted at the target must not be the source's. EXIT_…. */
int move_check_clusters(const move_t *move);

/* Makes what copies the tenant while it is served, or goes on with it, and waits until the target has all.
 * EXIT_…. */
int move_copy(move_t *move);

/* Waits until the target has confirmed all that is committed at the source. Fails behind `until`,
 * of the clock that nobody sets. EXIT_…. */
int move_wait_level(const move_t *move, apr_time_t until);

/* Finds out which standbys of the target are too far behind to be waited for. EXIT_…. */
int move_know_standbys(move_t *move);

/* Waits until the others have replayed what the target has now. Fails behind `until`. EXIT_…. */
int move_wait_standbys(const move_t *move, apr_time_t until);

/* Stops the tenant's writes, compares, and makes the target serve it. What fails ahead of the point of no
 * return leaves the tenant served at the source. EXIT_…. */
int move_hand_over(move_t *move);

/* The part of it behind that point, for a move that was interrupted there. EXIT_…. */
int move_take_over(move_t *move);

/* Takes away what has copied, and adds the source's usage to the target's. May be repeated. EXIT_…. */
int move_finish(move_t *move);

/* Takes a move back that the target has not taken over; what the target has of the tenant is the move's.
 * EXIT_…. */
int move_abort(move_t *move);

/* What a move that was forgotten has left, as findings of the doctor. 0: the database failed. */
int move_findings(output_t *findings, console_t *database, apr_pool_t *pool);

/* Drops the triggers that refuse the tenant's writes, where there are any. EXIT_…. */
int move_drop_guards(const session_t *session, const char *tenant);

#endif
