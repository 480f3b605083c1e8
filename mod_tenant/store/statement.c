/* SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

#include <stdio.h>
#include <string.h>

int statement_parameters(const char *sql)
{
    int count = 0;

    while ((sql = strchr(sql, '%')) != NULL) {
        count += sql[1] != '%';
        sql += 2;
    }
    return count;
}

const char *statement_text(const char *sql, apr_pool_t *pool)
{
    /* `%s` or `%d` may become as long as $65535 */
    char *text =
        apr_palloc(pool, strlen(sql) + (apr_size_t)statement_parameters(sql) * (sizeof "$65535" - 3) + 1);
    char *to = text;
    int count = 0;

    for (; *sql; sql++) {
        if (*sql != '%')
            *to++ = *sql;
        else if (*++sql == '%')
            *to++ = '%';
        else
            to += sprintf(to, "$%d", ++count);
    }
    *to = '\0';
    return text;
}
