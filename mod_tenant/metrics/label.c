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

unsigned label_method(const char *method)
{
    for (unsigned n = 0; n < LABEL_METHODS - 1; n++) {
        if (strcmp(methods[n], method) == 0)
            return n;
    }
    return LABEL_METHODS - 1;
}

unsigned label_status(int status)
{
    return status < 100 || status >= 600 ? LABEL_STATUSES - 1 : (unsigned)status / 100 - 1;
}

unsigned label_problem(const problem_t *problem)
{
    unsigned n = 0;

    while (problem_table[n] && problem_table[n] != problem && n < LABEL_PROBLEMS_MAX - 1)
        n++;
    return n;
}

static const char *route_value(unsigned number, unsigned which)
{
    return which == 0 ? routes[number].handler : routes[number].resource;
}

static const char *method_value(unsigned number, unsigned which)
{
    (void)which;
    return methods[number];
}

static const char *status_value(unsigned number, unsigned which)
{
    static const char *const classes[LABEL_STATUSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

    (void)which;
    return classes[number];
}

#define ONE(...) +1
_Static_assert(0 PROBLEMS(ONE) < LABEL_PROBLEMS_MAX, "each problem has a number of its own");

static const char *problem_value(unsigned number, unsigned which)
{
    (void)which;
    return number < 0 PROBLEMS(ONE) ? problem_table[number]->code : NULL;
}

static const dimension_t route = {{"handler", "resource"}, LABEL_ROUTES, route_value};
static const dimension_t method = {{"method"}, LABEL_METHODS, method_value};
static const dimension_t status = {{"status"}, LABEL_STATUSES, status_value};
static const dimension_t code = {{"code"}, LABEL_PROBLEMS_MAX, problem_value};

const label_set_t label_NONE = {{NULL}, 0};
const label_set_t label_ROUTE_METHOD_STATUS = {{&route, &method, &status}, 1};
const label_set_t label_ROUTE_METHOD = {{&route, &method}, 1};
const label_set_t label_PROBLEM = {{&code}, 0};
const label_set_t label_BUILD = {{NULL}, 0};
const label_set_t label_TENANT = {{NULL}, 0};

unsigned label_count(const label_set_t *set)
{
    unsigned count = 1;

    for (int n = 0; n < LABEL_DIMENSIONS_MAX && set->dimensions[n]; n++)
        count *= set->dimensions[n]->count;
    return count;
}

const char *label_text(const label_set_t *set, apr_pool_t *pool)
{
    const char *text = "";

    for (int d = 0; d < LABEL_DIMENSIONS_MAX && set->dimensions[d]; d++) {
        const dimension_t *dimension = set->dimensions[d];

        for (unsigned n = 0; n < dimension->count; n++) {
            for (unsigned which = 0; which < LABEL_NAMES_MAX && dimension->names[which]; which++) {
                const char *value = dimension->value(n, which);

                text = apr_pstrcat(pool, text, value ? value : "", "\n", NULL);
            }
        }
    }
    return text;
}
