/* SPDX-License-Identifier: Apache-2.0 */
#include "label.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

#include "../problem.h"

const char label_no_resource[] = "";
const char label_gateway[] = "gateway";

/* Filled at start, before there are threads. */
static struct {
    const char *handler, *resource;
} routes[LABEL_ROUTES] = {[LABEL_ROUTES - 1] = {"other", "other"}};

static unsigned route_count;

unsigned label_route(const char *handler, const char *resource)
{
    for (unsigned n = 0; n < route_count; n++) {
        if (routes[n].handler == handler && routes[n].resource == resource)
            return n;
    }
    return LABEL_ROUTES - 1;
}

unsigned label_add_route(const char *handler, const char *resource)
{
    unsigned known = label_route(handler, resource);

    if (known < route_count || route_count == LABEL_ROUTES - 1)
        return known;
    routes[route_count].handler = handler;
    routes[route_count].resource = resource;
    return route_count++;
}

static const char *const methods[LABEL_METHODS] = {"GET",    "HEAD",    "POST", "PATCH",
                                                   "DELETE", "OPTIONS", "other"};

unsigned label_method(const char *name)
{
    for (unsigned n = 0; n < LABEL_METHODS - 1; n++) {
        if (strcmp(methods[n], name) == 0)
            return n;
    }
    return LABEL_METHODS - 1;
}

unsigned label_status(int code)
{
    return code < 100 || code >= 600 ? LABEL_STATUSES - 1 : (unsigned)code / 100 - 1;
}

unsigned label_problem(const problem_t *one)
{
    unsigned n = 0;

    while (problem_table[n] && problem_table[n] != one && n < LABEL_PROBLEMS_MAX - 1)
        n++;
    return n;
}

static const char *route_value(unsigned number, unsigned which)
{
    return which == 0 ? routes[number].handler : routes[number].resource;
}

#define ONE(...) +1
_Static_assert(0 PROBLEMS(ONE) < LABEL_PROBLEMS_MAX, "each problem has a number of its own");

static const char *problem_value(unsigned number, unsigned which)
{
    (void)which;
    return number < 0 PROBLEMS(ONE) ? problem_table[number]->code : NULL;
}

/* A dimension of one label with fixed values. */
#define FIXED(dimension, name, count_of, ...)                                                                \
    static const char *dimension##_value(unsigned number, unsigned which)                                    \
    {                                                                                                        \
        static const char *const values[] = {__VA_ARGS__};                                                   \
        _Static_assert(sizeof values / sizeof *values == (count_of), "each number has a value");             \
                                                                                                             \
        (void)which;                                                                                         \
        return values[number];                                                                               \
    }                                                                                                        \
    static const dimension_t dimension = {{name}, count_of, dimension##_value};

FIXED(status, "status", LABEL_STATUSES, "1xx", "2xx", "3xx", "4xx", "5xx")
FIXED(pool, "pool", LABEL_POOLS, "api", "admin", "reader")
FIXED(state, "state", LABEL_STATES, "idle", "in-use")
FIXED(batch, "kind", LABEL_BATCHES, "rows", "pages", "inserts")
FIXED(way, "way", LABEL_WAYS, "alone", "shared")
FIXED(find, "result", LABEL_FINDS, "found", "nobody", "failed")
FIXED(answerer, "by", LABEL_READS, "reader", "primary-wrote", "primary-behind", "primary-failed")
FIXED(event, "event", LABEL_EVENTS, "voice", "call-status", "dial-status", "message", "message-status",
      "recording")
FIXED(verdict, "verdict", LABEL_VERDICTS, "stored", "unstored", "unproven", "malformed")
FIXED(creation, "kind", LABEL_CREATIONS, "call", "message", "other")

static const char *method_value(unsigned number, unsigned which)
{
    (void)which;
    return methods[number];
}

static const dimension_t route = {{"handler", "resource"}, LABEL_ROUTES, route_value};
static const dimension_t method = {{"method"}, LABEL_METHODS, method_value};
static const dimension_t problem = {{"code"}, LABEL_PROBLEMS_MAX, problem_value};

#define LABEL_DEFINE(name, is_sparse, ...) const label_set_t label_##name = {{__VA_ARGS__}, is_sparse};
LABEL_SETS(LABEL_DEFINE)

unsigned label_count(const label_set_t *set)
{
    unsigned count = 1;

    for (int n = 0; n < LABEL_DIMENSIONS_MAX && set->dimensions[n]; n++)
        count *= set->dimensions[n]->count;
    return count;
}

const char *label_text(const label_set_t *set, apr_pool_t *memory)
{
    const char *text = "";

    for (int d = 0; d < LABEL_DIMENSIONS_MAX && set->dimensions[d]; d++) {
        const dimension_t *dimension = set->dimensions[d];

        for (unsigned n = 0; n < dimension->count; n++) {
            for (unsigned which = 0; which < LABEL_NAMES_MAX && dimension->names[which]; which++) {
                const char *value = dimension->value(n, which);

                text = apr_pstrcat(memory, text, value ? value : "", "\n", NULL);
            }
        }
    }
    return text;
}
