/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_LABEL_H
#define TENANT_METRICS_LABEL_H

#include <apr_pools.h>

/* What figures are told apart by. A dimension is a label, or a few that belong together, with so many values.
 * A set of labels is a product of dimensions: its number is that of the first one's value, times the count of
 * the second, plus the second one's, and so on (label_number()). */

/* How many values each dimension has. */
enum {
    LABEL_ROUTES = 48, /* the last is for those that have found no room */
    LABEL_METHODS = 7,
    LABEL_STATUSES = 5,
    LABEL_PROBLEMS_MAX = 96,
    LABEL_POOLS = 3,     /* as database_role_t */
    LABEL_STATES = 2,    /* label_state_t */
    LABEL_BATCHES = 3,   /* as batch_kind_t */
    LABEL_WAYS = 2,      /* label_way_t */
    LABEL_FINDS = 3,     /* label_find_t */
    LABEL_READS = 4,     /* label_read_t */
    LABEL_EVENTS = 6,    /* as event_kind_t, those that are webhooks */
    LABEL_VERDICTS = 4,  /* label_verdict_t */
    LABEL_CREATIONS = 3, /* label_creation_t */
};

/* How many each set has. */
enum {
    LABELS_NONE = 1,
    LABELS_ROUTE_METHOD_STATUS = LABEL_ROUTES * LABEL_METHODS * LABEL_STATUSES,
    LABELS_ROUTE_METHOD = LABEL_ROUTES * LABEL_METHODS,
    LABELS_PROBLEM = LABEL_PROBLEMS_MAX,
    LABELS_POOL = LABEL_POOLS,
    LABELS_POOL_STATE = LABEL_POOLS * LABEL_STATES,
    LABELS_BATCH = LABEL_BATCHES,
    LABELS_BATCH_WAY = LABEL_BATCHES * LABEL_WAYS,
    LABELS_FIND = LABEL_FINDS,
    LABELS_READ = LABEL_READS,
    LABELS_EVENT_VERDICT = LABEL_EVENTS * LABEL_VERDICTS,
    LABELS_CREATION = LABEL_CREATIONS,
    LABELS_STATUS = LABEL_STATUSES,
    LABELS_BUILD = 1,
    LABELS_TENANT = 1,
    LABELS_DATABASE = 1,
    LABELS_KEY = 1,
};

/* Values of dimensions that are nobody else's. */
typedef enum label_state_t { LABEL_IDLE, LABEL_IN_USE } label_state_t;
typedef enum label_way_t { LABEL_ALONE, LABEL_SHARED } label_way_t;
typedef enum label_find_t { LABEL_FOUND, LABEL_NOBODY, LABEL_FAILED } label_find_t;
typedef enum label_read_t {
    LABEL_READER, /* it has answered; otherwise the primary was asked, as … */
    LABEL_WROTE,  /* the reader may lack what the tenant has written, or the request wants what is newest */
    LABEL_BEHIND, /* it is too far behind, or nobody knows how far */
    LABEL_UNREAD, /* it was asked in vain */
} label_read_t;
typedef enum label_verdict_t {
    LABEL_STORED,
    LABEL_UNSTORED, /* proven and well formed, but the database did not take it */
    LABEL_UNPROVEN,
    LABEL_MALFORMED,
} label_verdict_t;
typedef enum label_creation_t { LABEL_CALL, LABEL_MESSAGE, LABEL_ANY_OTHER } label_creation_t;

enum { LABEL_NAMES_MAX = 2, LABEL_DIMENSIONS_MAX = 3 };

/* The resource of a route that has none. */
extern const char label_no_resource[];

/* The handler of a request to Twilio, which is mod_proxy. */
extern const char label_gateway[];

typedef struct dimension_t {
    const char *names[LABEL_NAMES_MAX]; /* of its labels; NULL: there is none */
    unsigned count;
    const char *(*value)(unsigned number, unsigned which); /* of one of them; NULL: nobody has that number */
} dimension_t;

typedef struct label_set_t {
    const dimension_t *dimensions[LABEL_DIMENSIONS_MAX]; /* NULL: no further one */
    int is_sparse;                                       /* those that are 0 are not told */
} label_set_t;

/* Those whose labels are given with each value have no dimensions. */
#define LABEL_SETS(X)                                                                                        \
    X(NONE, 0)                                                                                               \
    X(ROUTE_METHOD_STATUS, 1, &route, &method, &status)                                                      \
    X(ROUTE_METHOD, 1, &route, &method)                                                                      \
    X(PROBLEM, 0, &problem)                                                                                  \
    X(POOL, 0, &pool)                                                                                        \
    X(POOL_STATE, 0, &pool, &state)                                                                          \
    X(BATCH, 0, &batch)                                                                                      \
    X(BATCH_WAY, 0, &batch, &way)                                                                            \
    X(READ, 0, &answerer)                                                                                    \
    X(FIND, 0, &find)                                                                                        \
    X(EVENT_VERDICT, 0, &event, &verdict)                                                                    \
    X(CREATION, 0, &creation)                                                                                \
    X(STATUS, 0, &status)                                                                                    \
    X(BUILD, 0)                                                                                              \
    X(TENANT, 0)                                                                                             \
    X(DATABASE, 0)                                                                                           \
    X(KEY, 0)

#define LABEL_DECLARE(name, ...) extern const label_set_t label_##name;
LABEL_SETS(LABEL_DECLARE)
#undef LABEL_DECLARE

/* All values of a set's dimensions, in pool: two that are the same number the same things. */
const char *label_text(const label_set_t *set, apr_pool_t *pool);

/* How many numbers a set has. */
unsigned label_count(const label_set_t *set);

/* A route is a kind of handler and what of it was asked, "" where that is nothing that has a name. At start
 * each is given a number; texts stay where they are, and are compared by their addresses. */
unsigned label_add_route(const char *handler, const char *resource);

/* Its number. One that was not added has the last, as those have that found no room. */
unsigned label_route(const char *handler, const char *resource);

/* The numbers of a method, by httpd's name for it, of a status, and of a problem. */
unsigned label_method(const char *method);
unsigned label_status(int status);

struct problem_t;
unsigned label_problem(const struct problem_t *problem);

#endif
