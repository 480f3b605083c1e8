/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "../http/query.h"
#include "../text.h"
#include "check.h"

static const char *const suffixes[FILTER_TESTS] = {
    [FILTER_EQUAL] = "",         [FILTER_GREATER] = ".gt",     [FILTER_GREATER_EQUAL] = ".gte",
    [FILTER_LESS] = ".lt",       [FILTER_LESS_EQUAL] = ".lte", [FILTER_NULL] = ".null",
    [FILTER_NOT_NULL] = ".null",
};

enum {
    TESTS_OF_RANGE =
        1 << FILTER_GREATER | 1 << FILTER_GREATER_EQUAL | 1 << FILTER_LESS | 1 << FILTER_LESS_EQUAL,
    TESTS_OF_NULL = 1 << FILTER_NULL | 1 << FILTER_NOT_NULL,
    TESTS_OF_PERIOD = 1 << FILTER_GREATER_EQUAL | 1 << FILTER_LESS_EQUAL,
};

static const char *const period_names[FILTER_TESTS] = {
    [FILTER_GREATER_EQUAL] = "from",
    [FILTER_LESS_EQUAL] = "to",
};

unsigned filter_tests(const field_t *field)
{
    unsigned tests = 1 << FILTER_EQUAL;

    if (!(field->flags & FIELD_FILTER))
        return 0;
    if (field->flags & FIELD_RANGE)
        tests |= TESTS_OF_RANGE;
    if (field->flags & FIELD_PERIOD)
        tests |= TESTS_OF_PERIOD;
    if (field_may_be_null(field) && !field->lookup)
        tests |= TESTS_OF_NULL;
    if (field->flags & FIELD_SPARSE)
        tests &= ~(1U << FILTER_NULL);
    return tests;
}

const char *filter_name(const field_t *field, filter_test_t test, apr_pool_t *pool)
{
    return field->flags & FIELD_PERIOD && period_names[test]
               ? period_names[test]
               : apr_pstrcat(pool, field->name, suffixes[test], NULL);
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

/* Reads a value as the statement takes it into *taken, in pool; NULL, or what it must be: "must be …". */
typedef const char *read_fn(const field_t *field, const parameter_t *parameter, const char **taken,
                            apr_pool_t *pool);

/* An integer that the field may hold, in its one spelling. */
static const char *read_integer(const field_t *field, const parameter_t *parameter, const char **taken,
                                apr_pool_t *pool)
{
    const char *value = parameter->value;
    apr_int64_t number = apr_atoi64(value);

    *taken = value;
    if (number >= field->min && number <= field_most(field) &&
        strcmp(value, apr_psprintf(pool, "%" APR_INT64_T_FMT, number)) == 0)
        return NULL;
    return apr_psprintf(pool, "must be one integer from %d to %" APR_INT64_T_FMT, field->min,
                        field_most(field));
}

static const char *read_boolean(const field_t *field, const parameter_t *parameter, const char **taken,
                                apr_pool_t *pool)
{
    (void)field, (void)pool;
    *taken = parameter->value;
    return strcmp(*taken, "true") == 0 || strcmp(*taken, "false") == 0 ? NULL : "must be true or false";
}

static const char *read_time(const field_t *field, const parameter_t *parameter, const char **taken,
                             apr_pool_t *pool)
{
    char *utc = apr_palloc(pool, CHECK_TIME_SIZE);

    (void)field;
    *taken = utc;
    if (check_time(parameter->value, strlen(parameter->value), utc))
        return NULL;
    return "must be an RFC 3339 date-time with an offset, in the years 1970 to 9999: `2026-05-17T00:00:00Z`, "
           "or `2026-05-17T00:00:00%2B02:00`";
}

static const char *read_date(const field_t *field, const parameter_t *parameter, const char **taken,
                             apr_pool_t *pool)
{
    (void)field, (void)pool;
    *taken = parameter->value;
    return check_date(parameter->value, strlen(parameter->value));
}

/* Whether a party has a space where a number's plus belongs, at its start or behind a colon, and that only
 * because the query has a bare `+`. */
static int has_lost_plus(const parameter_t *parameter)
{
    const char *value = parameter->value;

    for (apr_size_t i = 0; value[i]; i++) {
        if (value[i] != parameter->plain[i] && (i == 0 || value[i - 1] == ':'))
            return 1;
    }
    return 0;
}

static const char *read_text(const field_t *field, const parameter_t *parameter, const char **taken,
                             apr_pool_t *pool)
{
    const char *value = parameter->value;
    apr_size_t length = strlen(value);

    if (field->flags & FIELD_LOWER) {
        char *lower = apr_pstrmemdup(pool, value, length);

        for (char *c = lower; *c; c++)
            *c = (char)apr_tolower(*c);
        value = lower;
    }
    *taken = value;
    if (text_characters(value, length) > field->max)
        return apr_psprintf(pool, "must have at most %d characters", field->max);
    if ((field->flags & FIELD_PARTY) && has_lost_plus(parameter))
        return "begins with a space where a phone number has its plus";
    return field->check ? field->check(value, length) : NULL;
}

static read_fn *reader_of(const field_t *field)
{
    switch (field->type) {
    case FIELD_INTEGER:
        return read_integer;
    case FIELD_BOOLEAN:
        return read_boolean;
    case FIELD_TIME:
        return read_time;
    case FIELD_DATE:
        return read_date;
    default:
        return read_text;
    }
}

/* What else helps whoever sent such a value; "": nothing. */
static const char *hint(const parameter_t *parameter)
{
    if (strcmp(parameter->value, parameter->plain) != 0)
        return " In a query `+` is a space: write %2B for a plus, and %20 for a space.";
    return strchr(parameter->value, ',') ? " A filter takes one value." : "";
}

static const problem_t *refuse(const parameter_t *parameter, const char *wrong, const char **detail,
                               apr_pool_t *pool)
{
    *detail = apr_pstrcat(pool, "`", parameter->name, "` ", wrong, ".", hint(parameter), NULL);
    return &problem_bad_parameter;
}

/* The first test of the field whose parameter has that name; FILTER_TESTS: none. */
static filter_test_t find_test(const field_t *field, const char *name, apr_pool_t *pool)
{
    unsigned tests = filter_tests(field);
    filter_test_t test = FILTER_EQUAL;

    while (test < FILTER_TESTS && (!(tests >> test & 1) || strcmp(name, filter_name(field, test, pool)) != 0))
        test++;
    return test;
}

/* The field that a parameter may be a filter of; NULL: none. */
static const field_t *find_field(const resource_t *resource, const char *name)
{
    if (strcmp(name, "from") == 0 || strcmp(name, "to") == 0) {
        for (const field_t *field = resource->fields; field->name; field++) {
            if (field->flags & FIELD_PERIOD)
                return field;
        }
    }
    return resource_field(resource, name, strcspn(name, "."));
}

static const problem_t *parse_null(filter_t *filter, const parameter_t *parameter, const char **detail,
                                   apr_pool_t *pool)
{
    const char *value;
    const char *wrong = read_boolean(filter->field, parameter, &value, pool);

    if (wrong)
        return refuse(parameter, wrong, detail, pool);
    filter->test = strcmp(value, "true") == 0 ? FILTER_NULL : FILTER_NOT_NULL;
    if (!(filter_tests(filter->field) >> filter->test & 1))
        return refuse(parameter, "must be false: no list has the rows without a value alone", detail, pool);
    return NULL;
}

const problem_t *filter_parse(filter_t *filter, const resource_t *resource, const parameter_t *parameter,
                              const char **detail, apr_pool_t *pool)
{
    const char *name = parameter->name;
    const char *wrong;

    *filter = (filter_t){.field = find_field(resource, name)};
    filter->test = filter->field ? find_test(filter->field, name, pool) : FILTER_TESTS;
    if (filter->test == FILTER_TESTS) {
        *detail = query_unknown(name, pool);
        return &problem_bad_parameter;
    }
    if (!filter_takes_value(filter->test))
        return parse_null(filter, parameter, detail, pool);
    wrong = reader_of(filter->field)(filter->field, parameter, &filter->value, pool);
    return wrong ? refuse(parameter, wrong, detail, pool) : NULL;
}
