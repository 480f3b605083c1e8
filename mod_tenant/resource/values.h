/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_VALUES_H
#define TENANT_RESOURCE_VALUES_H

#include "sql.h"

/* The values of a statement, in the order of its parameters. */
typedef struct values_t {
    const char *list[SQL_VALUES_MAX];
    int count;
} values_t;

static inline void values_add(values_t *values, const char *value)
{
    values->list[values->count++] = value;
}

#endif
