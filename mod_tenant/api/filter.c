/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "check.h"
#include "query.h"

static const char *const suffixes[FILTER_TESTS] = {
    [FILTER_EQUAL] = "",         [FILTER_GREATER] = ".gt",     [FILTER_GREATER_EQUAL] = ".gte",
    [FILTER_LESS] = ".lt",       [FILTER_LESS_EQUAL] = ".lte", [FILTER_NULL] = ".null",
    [FILTER_NOT_NULL] = ".null",
};

enum {
    TESTS_OF_RANGE =
        1 << FILTER_GREATER | 1 << FILTER_GREATER_EQUAL | 1 << FILTER_LESS | 1 << FILTER_LESS_EQUAL,
    TESTS_OF_NULL = 1 << FILTER_NULL | 1 << FILTER_NOT_NULL,
};

unsigned filter_tests(const field_t *field)
{
    unsigned tests = 1 << FILTER_EQUAL;

    if (!(field->flags & FIELD_FILTER))
        return 0;
    if (field->flags & FIELD_RANGE)
        tests |= TESTS_OF_RANGE;
    if (field_may_be_null(field) && !field->lookup)
        tests |= TESTS_OF_NULL;
    return tests;
}

const char *filter_suffix(filter_test_t test)
{
    return suffixes[test];
}

int filter_takes_value(filter_test_t test)
{
    return test != FILTER_NULL && test != FILTER_NOT_NULL;
}

const char *filter_text(const filter_t *filter)
{
    if (filter->test == FILTER_NULL)
        return "true";
    return filter->test == FILTER_NOT_NULL ? "false" : filter->value;
}

int filter_is_range(const filter_t *filter)
{
    return filter->test != FILTER_EQUAL && filter->test != FILTER_NULL;
}

int filter_is_unique(const filter_t *filter)
{
    return filter->test == FILTER_EQUAL && field_is_unique(filter->field);
}

/* Whether value is an integer that the field may hold, in its one spelling. */
static int is_integer_of(const field_t *field, const char *value, apr_pool_t *pool)
{
    apr_int64_t number = apr_atoi64(value);

    return number >= field->min && number <= field->max &&
           strcmp(value, apr_psprintf(pool, "%" APR_INT64_T_FMT, number)) == 0;
}

static const char *text_value(const field_t *field, const char *value, apr_pool_t *pool)
{
    char *lower;

    if (check_characters(value, strlen(value)) > field->max)
        return NULL;
    if (!(field->flags & FIELD_LOWER))
        return value;
    lower = apr_pstrdup(pool, value);
    for (char *c = lower; *c; c++)
        *c = (char)apr_tolower(*c);
    return lower;
}

/* A value as a statement takes it; NULL: no row could hold it. */
static const char *value_of(const field_t *field, const char *value, apr_pool_t *pool)
{
    char *utc;

    switch (field->type) {
    case FIELD_INTEGER:
        return is_integer_of(field, value, pool) ? value : NULL;
    case FIELD_BOOLEAN:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? value : NULL;
    case FIELD_TIME:
        utc = apr_palloc(pool, CHECK_TIME_SIZE);
        return check_time(value, strlen(value), utc) ? utc : NULL;
    default:
        return text_value(field, value, pool);
    }
}

/* The first test of the field whose parameter ends so; FILTER_TESTS: none. */
static filter_test_t find_test(const field_t *field, const char *suffix)
{
    unsigned tests = filter_tests(field);
    filter_test_t test = FILTER_EQUAL;

    while (test < FILTER_TESTS && (!(tests >> test & 1) || strcmp(suffix, suffixes[test]) != 0))
        test++;
    return test;
}

static const problem_t *parse_null(filter_t *filter, const char *name, const char *value, const char **detail,
                                   apr_pool_t *pool)
{
    if (strcmp(value, "true") == 0)
        return NULL;
    filter->test = FILTER_NOT_NULL;
    if (strcmp(value, "false") == 0)
        return NULL;
    *detail = apr_psprintf(pool, "`%s` must be true or false.", name);
    return &problem_bad_parameter;
}

const problem_t *filter_parse(filter_t *filter, const resource_t *resource, const char *name,
                              const char *value, const char **detail, apr_pool_t *pool)
{
    apr_size_t length = strcspn(name, ".");

    *filter = (filter_t){.field = resource_field(resource, name, length)};
    filter->test = filter->field ? find_test(filter->field, name + length) : FILTER_TESTS;
    if (filter->test == FILTER_TESTS) {
        *detail = query_unknown(name, pool);
        return &problem_bad_parameter;
    }
    if (filter->test == FILTER_NULL)
        return parse_null(filter, name, value, detail, pool);
    filter->value = value_of(filter->field, value, pool);
    if (filter->value)
        return NULL;
    *detail = apr_psprintf(pool, "The value of `%s` is not one that this field can have.", name);
    return &problem_bad_parameter;
}
