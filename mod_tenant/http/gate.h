/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_GATE_H
#define TENANT_HTTP_GATE_H

#include <apr_pools.h>
#include <apr_time.h>

/* How many requests of one tenant may do something dear at a time, in one child process: so many that a
 * tenant gets on with its work, so few that it cannot occupy the connections and threads of all others. */

/* What is dear. */
typedef enum gate_kind_t {
    GATE_COUNT,       /* counting all rows of a list: 1 at a time */
    GATE_STREAM,      /* sending all rows of a list: 2 at a time */
    GATE_ANSWER,      /* sending an answer that httpd does not take at once: see gate_wait() */
    GATE_ALL_STREAMS, /* each of these two, as a thread that a slow client holds: by gate_wait(), for all */
    GATE_ALL_ANSWERS, /* tenants together */
    GATE_LIST,        /* reading rows of a list and writing them: see gate_wait() */
    GATE_GATEWAY,     /* asking Twilio, and passing its answer on: see gate_wait() */
} gate_kind_t;

/* The gates of one child. */
typedef struct gates_t gates_t;

/* A request's place in one of them. */
typedef struct gate_place_t gate_place_t;

/* So many requests of one tenant may wait at a time, and no more; those that its slow clients may be holding
 * count as well. NULL: out of memory. */
gates_t *gates_make(int waiting, apr_pool_t *pool);

/* Takes a place; NULL: all are taken, or gates is NULL. scope is a database that the gates tell from others
 * by its address alone, tenant is one of its tenants (0: the administrator). The place is given back when
 * pool is destroyed. httpd keeps a request's pool until the client has read the answer, so whoever is done
 * ahead of that leaves by gate_leave(): a client that asks again at once would find its own earlier request
 * in the way. */
gate_place_t *gate_enter(gates_t *gates, gate_kind_t kind, const void *scope, int tenant, apr_pool_t *pool);

/* One of at most so many places, and who wants it as above. */
typedef struct gate_claim_t {
    gate_kind_t kind;
    const void *scope;
    int tenant;
    int most;                 /* 0: as many as its kind has above */
    apr_interval_time_t wait; /* so long it may stand in line for it; 0: not at all */
} gate_claim_t;

/* Takes such a place. NULL: it was in vain, or too many of the tenant's requests wait already. Everything
 * else is as above. */
gate_place_t *gate_wait(gates_t *gates, const gate_claim_t *claim, apr_pool_t *pool);

/* Gives a place back, once; NULL is none. */
void gate_leave(gate_place_t *place);

/* What a request has that holds a thread for long: a place among its tenant's, and one among all of the
 * child. */
typedef struct gate_pair_t {
    gate_place_t *tenant;
    gate_place_t *all;
} gate_pair_t;

/* What there is no room for. */
typedef enum gate_full_t {
    GATE_HAS_ROOM,
    GATE_TENANT_FULL, /* one more of the tenant */
    GATE_ALL_FULL,    /* one more of anybody */
} gate_full_t;

/* Takes both, by gate_wait(): that of the tenant, then one of most_of_all of kind all, for which nobody
 * stands in line. Whatever is full, none is taken. */
gate_full_t gate_pair_enter(gate_pair_t *pair, gates_t *gates, const gate_claim_t *claim, gate_kind_t all,
                            int most_of_all, apr_pool_t *pool);

/* Gives both back, if there are any. */
void gate_pair_leave(gate_pair_t *pair);

#endif
