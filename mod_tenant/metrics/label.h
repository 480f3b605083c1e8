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
};

/* How many each set has. */
enum {
    LABELS_NONE = 1,
    LABELS_ROUTE_METHOD_STATUS = LABEL_ROUTES * LABEL_METHODS * LABEL_STATUSES,
    LABELS_ROUTE_METHOD = LABEL_ROUTES * LABEL_METHODS,
    LABELS_PROBLEM = LABEL_PROBLEMS_MAX,
    LABELS_BUILD = 1,
    LABELS_TENANT = 1,
};

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

extern const label_set_t label_NONE, label_ROUTE_METHOD_STATUS, label_ROUTE_METHOD, label_PROBLEM,
    label_BUILD, label_TENANT;

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
