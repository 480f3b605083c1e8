/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_FILTER_H
#define TENANT_RESOURCE_FILTER_H

#include <apr_pools.h>

#include "../http/query.h"
#include "../problem.h"
#include "resource.h"

/* How a filter of a list compares. */
typedef enum filter_test_t {
    FILTER_EQUAL,
    FILTER_GREATER,
    FILTER_GREATER_EQUAL,
    FILTER_LESS,
    FILTER_LESS_EQUAL,
    FILTER_NULL,
    FILTER_NOT_NULL,
    FILTER_TESTS, /* how many there are */
} filter_test_t;

/* One filter of a list. */
typedef struct filter_t {
    const field_t *field;
    filter_test_t test;
    const char *value; /* as statements take it; NULL where the test takes none */
} filter_t;

/* What a list may be filtered by: bit n is set where the field has test n. 0: it is no filter. */
unsigned filter_tests(const field_t *field);

/* The name of its parameter, in pool: the field's, with "", ".gt", … behind it; ".null" for both that it
 * stands for. Of a FIELD_PERIOD "from" and "to". */
const char *filter_name(const field_t *field, filter_test_t test, apr_pool_t *pool);

/* Whether a test takes a value of the field. */
int filter_takes_value(filter_test_t test);

/* The value in the query that stands for a filter. */
const char *filter_text(const filter_t *filter);

/* Whether the rows that pass lie at many places of the field's index: a list of them can only be in the order
 * of the field. */
int filter_is_range(const filter_t *filter);

/* Whether at most one row passes. */
int filter_is_unique(const filter_t *filter);

/* Reads a parameter. problem_bad_parameter, with a sentence in pool that tells the form that is wanted: no
 * filter has that name, or the value is none of the field's. */
const problem_t *filter_parse(filter_t *filter, const resource_t *resource, const parameter_t *parameter,
                              const char **detail, apr_pool_t *pool);

#endif
