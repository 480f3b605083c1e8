/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_QUERY_H
#define TENANT_HTTP_QUERY_H

#include <apr_pools.h>

#include "../problem.h"

/* A parameter of a query string, decoded: RFC 3986 percent-encoding; `+` is a space, as forms send it; valid
 * UTF-8 without NUL. */
typedef struct parameter_t {
    const char *name;
    const char *value;
    const char *plain; /* what value would be if `+` were no space: what was meant where nobody escaped it */
} parameter_t;

/* Calls take for each parameter of a query string, in its order, until take returns a problem. A repeated
 * name is refused, unless it is list, which may be NULL. args may be NULL. The sentence in *detail, in pool,
 * says which parameter is wrong. problem_bad_parameter, or what take returned. */
typedef const problem_t *query_take_fn(void *context, const parameter_t *parameter, const char **detail);
const problem_t *query_parse(const char *args, const char *list, query_take_fn *take, void *context,
                             const char **detail, apr_pool_t *pool);

/* The sentence for an unknown parameter; its name is quoted only as far as it is printable ASCII. */
const char *query_unknown(const char *name, apr_pool_t *pool);

#endif
